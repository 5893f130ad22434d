//go:build linux && (amd64 || arm64)

package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/modelpkg"
)

// The content of standin.json, which the stand-in's compiler writes into a
// compiled model and its loader reads. It plays the part of Core ML's own
// files, whose format is not known.
type (
	compiledModel struct {
		Default   string              `json:"default"`
		Functions map[string]function `json:"functions"`
		Metadata  metadata            `json:"metadata"`
		Rig       map[string]string   `json:"rig"`
	}
	metadata struct {
		Description string            `json:"description"`
		Version     string            `json:"version"`
		Author      string            `json:"author"`
		License     string            `json:"license"`
		UserDefined map[string]string `json:"userDefined"`
	}
	function struct {
		Inputs        []feature   `json:"inputs"`
		Outputs       []feature   `json:"outputs"`
		States        []feature   `json:"states"`
		Operations    []operation `json:"operations"`
		Labels        []any       `json:"labels,omitempty"`
		Predicted     string      `json:"predicted,omitempty"`
		Probabilities string      `json:"probabilities,omitempty"`
	}
	feature struct {
		Name string `json:"name"`
		// MLFeatureType and MLMultiArrayDataType by their numbers, as the
		// stand-in gives them out.
		Kind        int      `json:"kind"`
		Type        int64    `json:"type"`
		Shape       []int    `json:"shape"`
		Ranges      [][2]int `json:"ranges,omitempty"`
		Enumerated  [][]int  `json:"enumerated,omitempty"`
		Optional    bool     `json:"optional"`
		PixelFormat int64    `json:"pixelFormat,omitempty"`
		KeyType     int      `json:"keyType,omitempty"`
	}
	operation struct {
		Op      string              `json:"op"`
		Inputs  map[string][]string `json:"inputs"`
		Outputs []string            `json:"outputs"`
		Blocks  []block             `json:"blocks,omitempty"`
	}
	block struct {
		Operations []operation `json:"operations"`
	}
)

// featureTypes are the numbers of MLFeatureType, as Core ML's headers define
// them.
var featureTypes = map[engine.FeatureKind]int{
	engine.Int64: 1, engine.Double: 2, engine.String: 3, engine.Image: 4,
	engine.MultiArray: 5, engine.Dictionary: 6, engine.Sequence: 7, engine.StateArray: 8,
}

// pixelFormats are the numbers of CoreVideo. RGB and BGR share one, as in Core
// ML.
var pixelFormats = map[engine.Pixels]int64{
	engine.Gray: pixels8, engine.GrayHalf: pixels16, engine.RGB: pixelsBGRA, engine.BGR: pixelsBGRA,
}

// describe is what the stand-in's compiler makes of a package. Every function
// is loaded once, so that what the engine cannot run does not compile. Its
// error becomes the NSError of the compilation.
func describe(path string) ([]byte, error) {
	options, err := readOptions(path)
	if err != nil {
		return nil, err
	}
	pkg, err := modelpkg.OpenPath(path)
	if err != nil {
		return nil, err
	}
	defer pkg.Close()
	program, err := mil.Read(context.Background(), pkg)
	if err != nil {
		return nil, err
	}
	c := &compiledModel{Default: pkg.DefaultFunction(), Functions: map[string]function{}, Rig: options}
	for _, name := range pkg.Functions() {
		p, err := portable.Engine{}.Load(context.Background(), engine.Source{Path: path}, engine.Config{Function: name})
		if err != nil {
			return nil, err
		}
		d := p.Description()
		f := describeFunction(d)
		if fn := program.Function(name); fn != nil {
			f.Operations = operations(fn.Opset, fn.Body)
		}
		c.Functions[name] = f
		c.Metadata = metadata{d.ShortDescription, d.Version, d.Author, d.License, d.UserDefined}
		if err := p.Close(); err != nil {
			return nil, err
		}
	}
	return json.Marshal(c)
}

// describeFunction describes a function as the framework would. A classifier is
// recognised by its outputs: a label, and a dictionary of probabilities.
func describeFunction(d *engine.Description) function {
	f := function{Inputs: features(d.Inputs), Outputs: features(d.Outputs), States: features(d.States)}
	for i := range d.Outputs {
		o := &d.Outputs[i]
		switch o.Kind {
		case engine.String, engine.Int64:
			f.Predicted = o.Name
		case engine.Dictionary:
			f.Probabilities = o.Name
		default:
			continue
		}
		f.Labels = f.Labels[:0]
		for _, l := range o.Labels {
			f.Labels = append(f.Labels, l)
		}
	}
	return f
}

// features describes features in the package's order, which the stand-in then
// hides behind a dictionary.
func features(list []engine.Feature) []feature {
	out := []feature{}
	for i := range list {
		f := &list[i]
		g := feature{
			Name: f.Name, Kind: featureTypes[f.Kind], Type: arrayTypes[f.DType], Shape: append([]int{}, f.Shape...),
			Enumerated: f.Enumerated, Optional: f.Optional, PixelFormat: pixelFormats[f.Pixels],
		}
		for _, r := range f.Ranges {
			g.Ranges = append(g.Ranges, [2]int{r.Lower, r.Upper})
		}
		if f.Kind == engine.Dictionary {
			g.KeyType = featureTypes[engine.String]
		}
		out = append(out, g)
	}
	return out
}

// prefixes are the operator sets' names before an operator's, as the framework
// writes them.
var prefixes = map[string]string{"CoreML5": "ios15.", "CoreML6": "ios16.", "CoreML7": "ios17.", "CoreML8": "ios18."}

// operations lists what a compute plan walks. Constants have no operator set
// before their name.
func operations(opset string, b *mil.Block) []operation {
	out := []operation{}
	for _, op := range b.Ops {
		o := operation{Op: prefixes[opset] + op.Type, Inputs: map[string][]string{}, Outputs: []string{}}
		if op.Type == "const" {
			o.Op = op.Type
		}
		for _, a := range op.Inputs {
			for _, v := range a.Values {
				o.Inputs[a.Name] = append(o.Inputs[a.Name], v.Name)
			}
		}
		for _, v := range op.Outputs {
			o.Outputs = append(o.Outputs, v.Name)
		}
		for _, inner := range op.Blocks {
			o.Blocks = append(o.Blocks, block{operations(opset, inner)})
		}
		out = append(out, o)
	}
	return out
}

// OptionsFile is the file in a package that changes the stand-in's behaviour.
const OptionsFile = "rig.options"

// readOptions reads the options of a package; none is the usual case. A line
// that is no option is an error, so that a mistyped one does not go unnoticed.
func readOptions(path string) (map[string]string, error) {
	options := map[string]string{}
	raw, err := os.ReadFile(filepath.Join(path, OptionsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return options, nil
	}
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(raw)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			return nil, fmt.Errorf("%s has the line %q", OptionsFile, line)
		}
		options[key] = value
	}
	return options, nil
}
