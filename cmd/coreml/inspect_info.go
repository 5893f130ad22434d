package main

import (
	"errors"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/internal/mil"
)

// What inspect tells of a package, and how it is made of descriptions and programs.
// inspect_text.go writes it for people.

// packageInfo is what inspect tells of a package. Its JSON is the output of
// --json.
//
// The order of the fields is that of the output.
type packageInfo struct {
	Path            string            `json:"path"`
	Specification   int               `json:"specification_version"`
	Description     string            `json:"description,omitempty"`
	Author          string            `json:"author,omitempty"`
	License         string            `json:"license,omitempty"`
	Version         string            `json:"version,omitempty"`
	Metadata        map[string]string `json:"metadata,omitempty"`
	DefaultFunction string            `json:"default_function,omitempty"`
	Functions       []functionInfo    `json:"functions"`
	Weights         []weightInfo      `json:"weights"`
	Files           []weightFile      `json:"files"`
	Engine          string            `json:"engine,omitempty"`
	Unsupported     []string          `json:"unsupported_ops"`
	LoadError       string            `json:"load_error,omitempty"`
	textInfo
	// The descriptions behind Functions, for the text: it writes shapes in the
	// library's own form.
	described []*coreml.Description
	// part is what the package does for the model of its folder; empty for one that is
	// a model by itself, or no part of one.
	part string
}

// weightFile is a file of weights; a package may have several.
type weightFile struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// functionInfo is a function of the program. Either Driver says how it is used to
// write text, or DriverError why it cannot be.
type functionInfo struct {
	Name        string        `json:"name"`
	Opset       string        `json:"opset"`
	Inputs      []featureInfo `json:"inputs"`
	Outputs     []featureInfo `json:"outputs"`
	States      []featureInfo `json:"states"`
	Ops         []opCount     `json:"ops"`
	Family      string        `json:"family,omitempty"`
	Driver      string        `json:"driver,omitempty"`
	DriverError string        `json:"driver_error,omitempty"`
	Embeddings  string        `json:"embeddings,omitempty"` // what embed would do with it
}

// featureInfo is an input, an output or a state. Of the three ways to give a shape
// there is one: fixed, ranges or a list.
type featureInfo struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind"`
	DType      string   `json:"dtype,omitempty"`
	Pixels     string   `json:"pixels,omitempty"`
	Shape      []int    `json:"shape,omitempty"`
	Ranges     [][2]int `json:"ranges,omitempty"`
	Enumerated [][]int  `json:"enumerated,omitempty"`
	Optional   bool     `json:"optional,omitempty"`
	Text       string   `json:"text,omitempty"`
}

// opCount says how often an operator occurs.
type opCount struct {
	Op    string `json:"op"`
	Count int    `json:"count"`
}

// weightInfo sums the tensors of one format.
type weightInfo struct {
	Format   string `json:"format"`
	Tensors  int    `json:"tensors"`
	Elements int64  `json:"elements"`
	Bytes    int64  `json:"bytes"`
}

// summarize takes over the counts of operations and weights.
func (p *packageInfo) summarize(sum mil.Info) {
	for _, f := range sum.Functions {
		for i := range p.Functions {
			if p.Functions[i].Name != f.Name {
				continue
			}
			p.Functions[i].Opset = f.Opset
			for _, op := range f.Ops {
				p.Functions[i].Ops = append(p.Functions[i].Ops, opCount{op.Type, op.Count})
			}
		}
	}
	p.Weights = []weightInfo{}
	for _, w := range sum.Weights {
		p.Weights = append(p.Weights, weightInfo{Format: w.Format, Tensors: w.Count, Elements: w.Elements, Bytes: w.Bytes})
	}
}

// featureList turns features into what is printed of them. An element type is that
// of arrays and states alone, pixels those of pictures.
func featureList(list []coreml.FeatureDescription) []featureInfo {
	out := make([]featureInfo, len(list))
	for i, f := range list {
		out[i] = featureInfo{
			Name: f.Name, Kind: f.Kind.String(), Shape: f.Shape, Enumerated: f.Enumerated, Optional: f.Optional, Text: f.Text,
		}
		if f.Kind == coreml.KindMultiArray || f.Kind == coreml.KindState {
			out[i].DType = f.DType.String()
		}
		if f.Kind == coreml.KindImage {
			out[i].Pixels = f.Pixels.String()
		}
		out[i].Ranges = bounds(f.Ranges)
	}
	return out
}

// embeddingsOf says what the verb embed makes of a function, empty where that is
// nothing. How the vectors of tokens become one is not looked for: other files say it.
func embeddingsOf(d *coreml.Description) string {
	driver, err := embed.Detect(d, nil)
	if err != nil {
		driver, err = embed.Detect(d, &embed.Driver{Pooling: embed.PoolingMean})
		// Rows without a mask are a table of a language model more often than an encoder.
		if err != nil || driver.AttentionMask == "" {
			return ""
		}
	}
	return driver.String()
}

// whyNoText returns the reason for which a function writes no text.
func whyNoText(err error) string {
	if why, ok := errors.AsType[*generate.DriverError](err); ok {
		return why.Reason
	}
	return err.Error()
}
