//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/modelpkg"
	"github.com/gocoreml/coreml/internal/storage"
)

// outline is what a package's own file says and the framework does not tell:
// the order of features, texts, defaults, the order of colours. It only
// completes what the framework describes and never overrules a type or a shape.
// A missing outline costs order and texts, no more.
type outline struct {
	functions       []string
	defaultFunction string
	function        string
	version         int // of the specification
	texts           map[string]string
	shortText       string
	release         string
	author, license string
	inputs          []outlined
	outputs         []outlined
	states          []outlined
}

// outlined is the part of an outline about one feature.
type outlined struct {
	name, text string
	fill       float64 // the default of an optional input
	pixels     engine.Pixels
	ranges     []engine.Range // of an array, when the file gives them
}

// pixelOrders are the values of ImageFeatureType.ColorSpace in
// FeatureTypes.proto.
var pixelOrders = map[int32]engine.Pixels{10: engine.Gray, 20: engine.RGB, 30: engine.BGR, 40: engine.GrayHalf}

// outline returns the outline of a function of the source. A package of a kind that
// only the framework knows has none; its outline is empty.
func (s *source) outline(function string) (*outline, error) {
	pkg, err := modelpkg.Open(s.fsys, s.dir)
	if err != nil && s.compiled() {
		// Of the kinds that only the framework runs there is metadata for people.
		return compiledOutline(s.fsys, s.dir, function)
	}
	if errors.Is(err, modelpkg.ErrNotProgram) {
		return &outline{function: function}, nil
	}
	if err != nil {
		return nil, err
	}
	o, err := packageOutline(pkg, function)
	return o, errors.Join(err, pkg.Close())
}

// packageOutline reads from a package what the framework does not tell of a loaded model:
// the order of features, functions, and ranges in full. Texts are copied, as the package
// is closed afterwards.
func packageOutline(pkg *modelpkg.Package, function string) (*outline, error) {
	f, err := pkg.FunctionInterface(function)
	if err != nil {
		return nil, err
	}
	m := pkg.Model()
	o := &outline{
		functions: pkg.Functions(), defaultFunction: pkg.DefaultFunction(), function: strings.Clone(f.Name),
		version: int(m.SpecificationVersion), texts: map[string]string{},
	}
	if m.Description != nil && m.Description.Metadata != nil {
		md := m.Description.Metadata
		o.shortText, o.release, o.author, o.license = md.ShortDescription, md.VersionString, md.Author, md.License
		for _, kv := range md.UserDefined {
			o.texts[kv.Key] = kv.Value
		}
	}
	for k := range f.Input {
		in := outlined{name: f.Input[k].Name, text: f.Input[k].ShortDescription}
		if t := f.Input[k].Type; t != nil && t.Array != nil {
			in.fill = t.Array.Default
			for _, r := range t.Array.Ranges {
				in.ranges = append(in.ranges, fileRange(r.Lower, r.Upper))
			}
		}
		if t := f.Input[k].Type; t != nil && t.Image != nil {
			in.pixels = pixelOrders[t.Image.ColorSpace]
		}
		o.inputs = append(o.inputs, in)
	}
	for k := range f.Output {
		out := outlined{name: f.Output[k].Name, text: f.Output[k].ShortDescription}
		if t := f.Output[k].Type; t != nil && t.Image != nil {
			out.pixels = pixelOrders[t.Image.ColorSpace]
		}
		o.outputs = append(o.outputs, out)
	}
	for k := range f.State {
		o.states = append(o.states, outlined{name: f.State[k].Name, text: f.State[k].ShortDescription})
	}
	return o, nil
}

// fileRange translates a range of the file, whose upper end is negative when
// there is none. An end beyond 31 bits is none either: no array can be so
// large.
func fileRange(lower uint64, upper int64) engine.Range {
	r := engine.Range{Lower: int(min(lower, math.MaxInt32)), Upper: -1}
	if upper >= 0 && upper < math.MaxInt32 {
		r.Upper = int(upper)
	}
	return r
}

// compiledSchema is one part of the metadata.json that the compiler writes into
// a compiled model: the model itself, or one of its functions. Numbers are
// sometimes written as texts there, hence the raw specification version.
type compiledSchema struct {
	Name                 string           `json:"name"`
	InputSchema          []compiledValue  `json:"inputSchema"`
	OutputSchema         []compiledValue  `json:"outputSchema"`
	StateSchema          []compiledValue  `json:"stateSchema"`
	Functions            []compiledSchema `json:"functions"`
	DefaultFunctionName  string           `json:"defaultFunctionName"`
	SpecificationVersion json.RawMessage  `json:"specificationVersion"`
	ShortDescription     string           `json:"shortDescription"`
	Version              string           `json:"version"`
	Author               string           `json:"author"`
	License              string           `json:"license"`
	UserDefinedMetadata  map[string]any   `json:"userDefinedMetadata"`
}

// compiledValue is an input, output or state there.
type compiledValue struct {
	Name             string `json:"name"`
	ShortDescription string `json:"shortDescription"`
	ColorSpace       string `json:"colorspace"`
}

// maxMetadata bounds the metadata.json that is read. It has a few kilobytes in
// practice, and is read whole.
const maxMetadata = 16 << 20

// compiledOutline reads what it can from a compiled model. The file is not
// documented: whatever is not as expected is left out, and the framework
// decides. A function that it lists none of by that name is the one thing that
// is refused.
func compiledOutline(fsys fs.FS, dir, function string) (*outline, error) {
	o := &outline{function: function, texts: map[string]string{}}
	name := pathJoin(dir, "metadata.json")
	raw, err := storage.ReadSmall(fsys, name, maxMetadata)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, storage.ErrTooLong) {
		return o, nil
	}
	if err != nil {
		return nil, err
	}
	var list []compiledSchema
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return o, nil //nolint:nilerr // the framework tells what is needed
	}
	m := &list[0]
	o.version, _ = strconv.Atoi(strings.Trim(string(m.SpecificationVersion), `"`)) // 0 stands for unknown
	o.shortText, o.release, o.author, o.license = m.ShortDescription, m.Version, m.Author, m.License
	for k, v := range m.UserDefinedMetadata {
		if s, ok := v.(string); ok {
			o.texts[k] = s
		}
	}
	part := m
	if len(m.Functions) > 0 {
		if part, err = o.choose(m, function); err != nil {
			return nil, err
		}
	}
	o.inputs, o.outputs, o.states = values(part.InputSchema), values(part.OutputSchema), values(part.StateSchema)
	return o, nil
}

// choose finds the function to be loaded among those of a compiled model.
func (o *outline) choose(m *compiledSchema, function string) (*compiledSchema, error) {
	for k := range m.Functions {
		o.functions = append(o.functions, m.Functions[k].Name)
	}
	slices.Sort(o.functions)
	o.functions = slices.Compact(o.functions)
	o.defaultFunction = m.DefaultFunctionName
	if o.defaultFunction == "" && slices.Contains(o.functions, mainFunction) {
		o.defaultFunction = mainFunction
	}
	if o.function == "" {
		o.function = o.defaultFunction
	}
	for k := range m.Functions {
		if m.Functions[k].Name == o.function {
			return &m.Functions[k], nil
		}
	}
	return nil, unknownFunction(function, o.functions)
}

// mainFunction is the function of models that have only one.
const mainFunction = "main"

// unknownFunction is the error that package modelpkg gives for a package, here
// for a compiled model. It is the same sentinel, so that callers need not know
// which form of model they named.
func unknownFunction(name string, has []string) error {
	if name == "" {
		return fmt.Errorf("%w: the model has no default function, name one of %s", modelpkg.ErrFunction, strings.Join(has, ", "))
	}
	return fmt.Errorf("%w: %q (the model has %s)", modelpkg.ErrFunction, name, strings.Join(has, ", "))
}

// values outlines the features of a compiled model's metadata.json.
func values(list []compiledValue) []outlined {
	out := make([]outlined, 0, len(list))
	for _, v := range list {
		o := outlined{name: v.Name, text: v.ShortDescription}
		switch strings.ToUpper(v.ColorSpace) {
		case "BGR":
			o.pixels = engine.BGR
		case "RGB":
			o.pixels = engine.RGB
		}
		out = append(out, o)
	}
	return out
}

// arrange puts features into the order of an outline; those that it does not
// name follow by name. It also adds what the outline says of each. Where there
// is no outline, everything is sorted by name: the order then at least does not
// change from run to run.
func arrange(features map[string]engine.Feature, order []outlined) []engine.Feature {
	out := make([]engine.Feature, 0, len(features))
	left := maps.Clone(features)
	for _, o := range order {
		f, ok := left[o.name]
		if !ok {
			continue
		}
		delete(left, o.name)
		f.Description, f.Default = o.text, o.fill
		if len(f.Ranges) > 0 && len(o.ranges) == len(f.Ranges) {
			f.Ranges = o.ranges // exact, where the framework's have no open end
		}
		if f.Kind == engine.Image && o.pixels == engine.BGR && f.Pixels == engine.RGB {
			f.Pixels = engine.BGR // a pixel buffer is the same for both
		}
		out = append(out, f)
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		out = append(out, left[name])
	}
	return out
}
