package generate

import (
	"image"
	"maps"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
)

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
	if err := m.completePixels(in, p); err != nil {
		return err
	}
	each, size, err := m.sizes(in)
	if err != nil {
		return err
	}
	if err := m.checkCrops(in, size, each); err != nil {
		return err
	}
	out, err := imageOutput("image.output", m.Output, d)
	if err != nil {
		return err
	}
	m.Input, m.Output = in.Name, out.Name
	if out, err = f.completeProjector(m, out); err != nil {
		return err
	}
	if m.Places == 0 {
		m.Places = rowsOf(out) / each
	}
	if n := rowsOf(out); m.Places == 0 || n > 0 && n%each != 0 {
		return driverErrorf("image.places", `is missing: output %s does not tell how many rows a picture has; write into a driver file: {"image": {"places": ROWS}}`, out)
	}
	return f.findInto(m, out)
}

// rowsOf returns how many rows an output has, 0 where its shape leaves that open.
func rowsOf(out *coreml.FeatureDescription) int {
	n := axes.Rank(out)
	if n < 2 || out.Flexible() || len(out.Shape) != n {
		return 0
	}
	rows := 1
	for _, size := range out.Shape[:n-1] {
		if size < 1 || rows > maxContext*maxCrops/size {
			return 0
		}
		rows *= size
	}
	return rows
}

// completePixels finds out how an array is made of a picture.
func (m *ImageStage) completePixels(in *coreml.FeatureDescription, p *packageFunctions) error {
	if in.Kind == coreml.KindImage {
		if m.Pixels != nil {
			return driverErrorf("image.pixels", "is for arrays, and input %s takes an image, whose scale is the package's own", in)
		}
		return nil
	}
	if m.Pixels == nil && p.preprocessor != nil {
		found, err := p.preprocessor()
		if err != nil {
			return &DriverError{Field: "image.pixels", Reason: err.Error(), Err: err}
		}
		m.Pixels = found.clone()
	}
	if m.Pixels == nil {
		return driverErrorf("image.pixels", `is missing: input %s takes numbers, and nothing tells how they are made of pixels: put the model's preprocessor_config.json beside the package, or write into a driver file, with the model's own numbers: {"image": {"pixels": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}}`, in)
	}
	return nil
}

// sizes returns how many crops a prediction takes and their size, zero for several.
func (m *ImageStage) sizes(in *coreml.FeatureDescription) (each int, size image.Point, err error) {
	each = 1
	if in.Kind != coreml.KindImage {
		a, err := newPixelArray(in, m.Pixels)
		if err != nil {
			return 0, size, err
		}
		each, in = a.crops, a.described()
	}
	h, height := axes.Bounds(in, -2)
	w, width := axes.Bounds(in, -1)
	if axes.Rank(in) == 4 && h == height && w == width && h > 0 && w > 0 {
		size = image.Pt(width, height)
	}
	return each, size, nil
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
		case m.Input == in.Name, m.Input == "" && found == nil && (in.Kind == coreml.KindImage || namesPixels(in)):
			found = in
		case !in.Optional:
			return nil, driverErrorf("image.input", "function %q has further inputs, such as %s, which nothing is given to", d.Function, in)
		}
	}
	switch {
	case found == nil:
		return nil, driverErrorf("image.input", "there is no input %q for pictures; the inputs are %s", m.Input, describeFeatures(d.Inputs))
	case found.Kind != coreml.KindImage && found.Kind != coreml.KindMultiArray:
		return nil, driverErrorf("image.input", "input %s is no image and no array", found)
	case len(d.States) > 0:
		return nil, driverErrorf("image.function", "function %q has states", d.Function)
	}
	return found, nil
}

// imageOutput returns the output with the rows of a picture. Field is that of the
// driver which may name it.
func imageOutput(field, name string, d *coreml.Description) (*coreml.FeatureDescription, error) {
	var found []*coreml.FeatureDescription
	for i := range d.Outputs {
		out := &d.Outputs[i]
		if rows := out.Kind == coreml.KindMultiArray && out.DType.IsFloat() && axes.Rank(out) != 1; rows && (name == "" || name == out.Name) {
			found = append(found, out)
		}
	}
	if len(found) != 1 {
		return nil, driverErrorf(field, "%d outputs could have the rows of a picture, named %q; want one of %s", len(found), name, describeFeatures(d.Outputs))
	}
	return found[0], nil
}

// completeProjector finds the function that the rows of a picture go through, and
// returns the output whose rows go into the text.
func (f *filler) completeProjector(m *ImageStage, rows *coreml.FeatureDescription) (*coreml.FeatureDescription, error) {
	if m.Projector == nil {
		file := f.projectorPackage()
		if file == "" {
			return rows, nil
		}
		m.Projector = &ImageProjector{Package: file}
		f.because("%s takes the rows of pictures", file)
	}
	p := m.Projector
	at := slices.IndexFunc(f.set, func(s packageFunctions) bool { return s.file == p.Package })
	if at < 0 {
		return nil, driverErrorf("image.projector.package", "there is no package %q", p.Package)
	}
	d := f.set[at].find(p.Function)
	if d == nil {
		return nil, driverErrorf("image.projector.function", "there is no function %q; there are %s", p.Function, functionNames(&f.set[at]))
	}
	if len(d.States) > 0 {
		return nil, driverErrorf("image.projector.function", "function %q has states", d.Function)
	}
	var in *coreml.FeatureDescription
	for i := range d.Inputs {
		switch one := &d.Inputs[i]; {
		case p.Input == one.Name, p.Input == "" && in == nil && !one.Optional:
			in = one
		case !one.Optional:
			return nil, driverErrorf("image.projector.input", "function %q has further inputs, such as %s, which nothing is given to", d.Function, one)
		}
	}
	if in == nil || in.Kind != coreml.KindMultiArray || !in.DType.IsFloat() {
		return nil, driverErrorf("image.projector.input", "%q is no input of floats; the inputs are %s", p.Input, describeFeatures(d.Inputs))
	}
	if n := axes.Rank(rows); n > 0 && axes.Rank(in) > 0 && (n != axes.Rank(in) || !rows.Flexible() && len(rows.Shape) == n && in.Check(rows.Shape...) != nil) {
		return nil, driverErrorf("image.projector.input", "input %s does not take output %s", in, rows)
	}
	out, err := imageOutput("image.projector.output", p.Output, d)
	if err != nil {
		return nil, err
	}
	p.Input, p.Output = in.Name, out.Name
	return out, nil
}

// projectorPackage returns the only package that is called a projector and is no stage,
// empty for none.
func (f *filler) projectorPackage() string {
	found := ""
	for i := range f.set {
		p := &f.set[i]
		stage := slices.ContainsFunc(f.d.Stages, func(s Stage) bool { return s.Package == p.file })
		if stage || place(p) != projector {
			continue
		}
		if found != "" {
			return ""
		}
		found = p.file
	}
	return found
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
