package generate

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// ImageStage says how pictures come into a text: a function makes rows of a picture,
// and these take the places of placeholder tokens among the embeddings of the tokens.
type ImageStage struct {
	// Package is the package's file, relative to the folder of the model; empty
	// for the package that is opened. Function is its function, empty for the
	// default.
	Package  string `json:"package,omitempty"`
	Function string `json:"function,omitempty"`
	// Input is the input that takes the picture: an image, or an array of which Pixels
	// says how it is filled. Output is the output with its rows, [1, places, width].
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
	// Places is the number of placeholders that a picture takes, or each of its crops.
	Places int `json:"places,omitempty"`
	// Pixels says how an array is made of a picture; nil means as a
	// preprocessor_config.json beside the packages says. It is not for inputs of images.
	Pixels *ImagePixels `json:"pixels,omitempty"`
	// Crops says how a picture is cut into several; nil means that it is not.
	Crops *ImageCrops `json:"crops,omitempty"`
	// Projector is a further function that the rows of Output go through; nil means that
	// they are embeddings already.
	Projector *ImageProjector `json:"projector,omitempty"`
}

// ImageProjector is a function that makes embeddings of the rows of a picture.
type ImageProjector struct {
	// Package is the package's file, relative to the folder of the model, and Function
	// its function; empty as in [ImageStage].
	Package  string `json:"package,omitempty"`
	Function string `json:"function,omitempty"`
	// Input is the input that takes the rows of the picture, and Output the output with
	// the embeddings, [1, places, width]. Empty means the only one.
	Input  string `json:"input,omitempty"`
	Output string `json:"output,omitempty"`
}

func projectorFields(p *ImageProjector) fieldReaders {
	return fieldReaders{"package": jsonInto(&p.Package), "function": jsonInto(&p.Function), "input": jsonInto(&p.Input), "output": jsonInto(&p.Output)}
}

func imageFields(m *ImageStage) fieldReaders {
	return fieldReaders{
		"package": jsonInto(&m.Package), "function": jsonInto(&m.Function), "input": jsonInto(&m.Input), "output": jsonInto(&m.Output),
		"into": jsonInto(&m.Into), "token": jsonInto(&m.Token), "marker": jsonInto(&m.Marker), "places": jsonInto(&m.Places),
		"pixels": intoObject(&m.Pixels, pixelFields), "crops": intoObject(&m.Crops, cropFields), "projector": intoObject(&m.Projector, projectorFields),
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
	c.Pixels = m.Pixels.clone()
	if m.Crops != nil {
		c.Crops = new(*m.Crops)
	}
	if m.Projector != nil {
		c.Projector = new(*m.Projector)
	}
	return &c
}

// packages lists the packages that m names. Nil names none.
func (m *ImageStage) packages() (list []string) {
	if m == nil {
		return nil
	}
	if m.Package != "" {
		list = append(list, m.Package)
	}
	if p := m.Projector; p != nil && p.Package != "" {
		list = append(list, p.Package)
	}
	return list
}

// check reports whether the fields are in range, each for itself. Nil is.
func (m *ImageStage) check() error {
	outside := func(file string) bool { return file != "" && (!filepath.IsLocal(file) || strings.Contains(file, `\`)) }
	switch {
	case m == nil:
		return nil
	case outside(m.Package):
		return driverErrorf("image.package", "is %q, want a path within the folder of the model", m.Package)
	case m.Projector != nil && outside(m.Projector.Package):
		return driverErrorf("image.projector.package", "is %q, want a path within the folder of the model", m.Projector.Package)
	case m.Token != nil && (*m.Token < 0 || *m.Token >= maxVocabulary):
		return driverErrorf("image.token", "is %d, want 0 to %d", *m.Token, maxVocabulary-1)
	case m.Places < 0 || m.Places > maxContext:
		return driverErrorf("image.places", "is %d, want 1 to %d, or 0 for what the output tells", m.Places, maxContext)
	}
	return cmp.Or(m.Pixels.check(), m.Crops.check())
}

// describe is what String of a driver says of pictures. Nil says nothing.
func (m *ImageStage) describe() string {
	if m == nil {
		return ""
	}
	s := fmt.Sprintf(", pictures by %s in %d places", strings.Trim(m.Package+" "+m.Function, " "), m.Places)
	if c := m.Crops; c != nil {
		s += fmt.Sprintf(" for each of at most %d crops", c.total(c.Most))
	}
	if p := m.Projector; p != nil {
		s += " through " + strings.Trim(p.Package+" "+p.Function, " ")
	}
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
