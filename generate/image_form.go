package generate

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
)

// ImageStage says how pictures come into a text: a function makes rows of a picture,
// and these take the places of placeholder tokens among the embeddings of the tokens.
type ImageStage struct {
	// Package is the package's file, relative to the folder of the model; empty
	// for the package that is opened. Function is its function, empty for the
	// default.
	Package  string `json:"package,omitempty"`
	Function string `json:"function,omitempty"`
	// Input is the input that takes the picture, and Output the output with its
	// rows, [1, places, width].
	Input  string `json:"input,omitempty"`
	Output string `json:"output,omitempty"`
	// Into is the input of a stage that takes the rows in place of the embeddings of
	// the placeholders.
	Into string `json:"into,omitempty"`
	// Token is the id of the placeholder. No package tells it; nil means that text
	// alone can be generated.
	Token *int `json:"token,omitempty"`
	// Marker is the text that stands for a picture in prompts. Empty means the
	// placeholder's own, where the tokenizer knows it as an added token, and else
	// "<image>".
	Marker string `json:"marker,omitempty"`
	// Places is the number of placeholders that a picture takes.
	Places int `json:"places,omitempty"`
}

func imageFields(m *ImageStage) fieldReaders {
	return fieldReaders{
		"package": jsonInto(&m.Package), "function": jsonInto(&m.Function), "input": jsonInto(&m.Input), "output": jsonInto(&m.Output),
		"into": jsonInto(&m.Into), "token": jsonInto(&m.Token), "marker": jsonInto(&m.Marker), "places": jsonInto(&m.Places),
	}
}

// clone returns a copy that shares nothing with m. Nil stays nil.
func (m *ImageStage) clone() *ImageStage {
	if m == nil {
		return nil
	}
	c := *m
	if m.Token != nil {
		c.Token = new(*m.Token)
	}
	return &c
}

// check reports whether the fields are in range, each for itself. Nil is.
func (m *ImageStage) check() error {
	switch {
	case m == nil:
	case m.Package != "" && (!filepath.IsLocal(m.Package) || strings.Contains(m.Package, `\`)):
		return driverErrorf("image.package", "is %q, want a path within the folder of the model", m.Package)
	case m.Token != nil && (*m.Token < 0 || *m.Token >= maxVocabulary):
		return driverErrorf("image.token", "is %d, want 0 to %d", *m.Token, maxVocabulary-1)
	case m.Places < 0 || m.Places > maxContext:
		return driverErrorf("image.places", "is %d, want 1 to %d, or 0 for what the output tells", m.Places, maxContext)
	}
	return nil
}

// describe is what String of a driver says of pictures. Nil says nothing.
func (m *ImageStage) describe() string {
	if m == nil {
		return ""
	}
	s := fmt.Sprintf(", pictures by %s in %d places", strings.Trim(m.Package+" "+m.Function, " "), m.Places)
	if m.Token == nil {
		return s + " of a token that is not known"
	}
	return s + fmt.Sprintf(" of token %d", *m.Token)
}

// fillImage finds out how pictures come in. A package for pictures that is not
// understood is left out where the driver does not ask for it: text can be
// generated all the same.
func (f *filler) fillImage() error {
	if f.d.Image != nil {
		return f.completeImage(f.d.Image)
	}
	p := f.visionPackage()
	if p == nil {
		return nil
	}
	m := &ImageStage{Package: p.file}
	if err := f.completeImage(m); err != nil {
		f.because("%s takes pictures and is left out: %v", p.file, err)
		return nil
	}
	f.d.Image = m
	f.because("%s takes pictures, whose %d rows go into %s; the id of their placeholder is not in any package", p.file, m.Places, m.Into)
	return nil
}

// visionPackage returns the only package of a set that takes pictures, nil where
// there is none or several.
func (f *filler) visionPackage() *packageFunctions {
	var found *packageFunctions
	for i := range f.set {
		p := &f.set[i]
		stage := slices.ContainsFunc(f.d.Stages, func(s Stage) bool { return s.Package == p.file })
		if stage || place(p) != vision {
			continue
		}
		if found != nil {
			return nil
		}
		found = p
	}
	return found
}

// completeImage finds the features that m does not name, and checks those it does.
func (f *filler) completeImage(m *ImageStage) error {
	p, err := f.imagePackage(m)
	if err != nil {
		return err
	}
	d := p.find(m.Function)
	if d == nil {
		return driverErrorf("image.function", "there is no function %q; there are %s", m.Function, functionNames(p))
	}
	in, err := imageInput(m, d)
	if err != nil {
		return err
	}
	out, err := imageOutput(m, d)
	if err != nil {
		return err
	}
	m.Input, m.Output = in.Name, out.Name
	if m.Places == 0 {
		if n := axes.Rank(out); n >= 2 && !out.Flexible() && len(out.Shape) == n {
			m.Places = out.Shape[n-2]
		}
	}
	if m.Places == 0 {
		return driverErrorf("image.places", `is missing: output %s does not tell how many rows a picture has; write into a driver file: {"image": {"places": ROWS}}`, out)
	}
	return f.findInto(m, out)
}

// imagePackage returns the package of m.
func (f *filler) imagePackage(m *ImageStage) (*packageFunctions, error) {
	if m.Package == "" && len(f.set) > 1 {
		p := f.visionPackage()
		if p == nil {
			return nil, driverErrorf("image.package", "is missing: nothing tells which package takes the pictures")
		}
		m.Package = p.file
	}
	for i := range f.set {
		if f.set[i].file == m.Package {
			return &f.set[i], nil
		}
	}
	return nil, driverErrorf("image.package", "there is no package %q", m.Package)
}

// imageInput returns the input that takes the picture. It has to be the only one
// that is asked for.
func imageInput(m *ImageStage, d *coreml.Description) (*coreml.FeatureDescription, error) {
	var found *coreml.FeatureDescription
	for i := range d.Inputs {
		in := &d.Inputs[i]
		switch {
		case m.Input == in.Name, m.Input == "" && found == nil && in.Kind == coreml.KindImage:
			found = in
		case !in.Optional:
			return nil, driverErrorf("image.input", "function %q has further inputs, such as %s, which nothing is given to", d.Function, in)
		}
	}
	switch {
	case found == nil:
		return nil, driverErrorf("image.input", "there is no input %q for pictures; the inputs are %s", m.Input, describeFeatures(d.Inputs))
	case found.Kind != coreml.KindImage:
		return nil, driverErrorf("image.input", "input %s is no image", found)
	case len(d.States) > 0:
		return nil, driverErrorf("image.function", "function %q has states", d.Function)
	}
	return found, nil
}

// imageOutput returns the output with the rows of a picture.
func imageOutput(m *ImageStage, d *coreml.Description) (*coreml.FeatureDescription, error) {
	var found []*coreml.FeatureDescription
	for i := range d.Outputs {
		out := &d.Outputs[i]
		if rows := out.Kind == coreml.KindMultiArray && out.DType.IsFloat() && axes.Rank(out) != 1; rows && (m.Output == "" || m.Output == out.Name) {
			found = append(found, out)
		}
	}
	if len(found) != 1 {
		return nil, driverErrorf("image.output", "%d outputs could have the rows of a picture, named %q; want one of %s", len(found), m.Output, describeFeatures(d.Outputs))
	}
	return found[0], nil
}

// findInto finds the input that takes the embeddings of tokens: that of the first
// stage with one, whose width is that of the rows.
func (f *filler) findInto(m *ImageStage, out *coreml.FeatureDescription) error {
	for i := range f.d.Stages {
		s := &f.d.Stages[i]
		p, err := f.pkg(s, i)
		if err != nil {
			return err
		}
		d := p.find(s.Function)
		var found []string
		for _, name := range slices.Sorted(maps.Keys(s.Inputs)) {
			in := d.Input(name)
			if in == nil || !s.Inputs[name].takesEmbeddings() {
				continue
			}
			if name == m.Into {
				return nil
			}
			if fits := axes.Rank(out) == 0 || allowsSize(out, -1, widthOf(in)) || axes.Rank(in) == 4 && allowsSize(in, 1, widthOf(out)); fits && m.Into == "" {
				found = append(found, name)
			}
		}
		switch {
		case len(found) == 1:
			m.Into = found[0]
			return nil
		case len(found) > 1:
			return driverErrorf("image.into", `is missing: inputs %s could take the rows of a picture; write into a driver file: {"image": {"into": %q}}`, strings.Join(found, ", "), found[0])
		}
	}
	if m.Into != "" {
		return driverErrorf("image.into", "no stage has an input %q that takes embeddings or an earlier output", m.Into)
	}
	return driverErrorf("image.into", "no stage takes embeddings of the width of output %s", out)
}

// takesEmbeddings reports whether an input with the role has a row for each token
// that a picture's may replace.
func (r Role) takesEmbeddings() bool {
	return r.Role == RoleEmbeddings || r.Role == RoleOutput && r.Row == ""
}
