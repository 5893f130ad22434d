package generate

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// boundImage is the function that makes rows of pictures.
type boundImage struct {
	model     predictor
	input     string
	described *coreml.FeatureDescription // the input as one of images, of one crop
	array     *pixelArray                // nil where the input is one of images
	output    string
	projector *boundProjector // nil for none
	places    int             // of each crop
	crops     *ImageCrops     // nil for pictures that are not cut
	each      int             // how many crops one prediction takes
	size      image.Point     // of a crop; zero where there are several
	token     int             // the placeholder, -1 where it is not known
	stage     int             // the stage whose input takes the rows
	// marker is the text that stands for a picture where that is no token of the
	// tokenizer; empty where it is the placeholder itself.
	marker string
}

// boundProjector is a function that the rows of pictures go through.
type boundProjector struct {
	model         predictor
	input, output string
}

// picture is what a model sees of a picture: a row for each of its places. It is
// not changed once it is made.
type picture struct {
	rows  []float32
	width int
}

// equal reports whether a model sees the same in both.
func (p *picture) equal(other *picture) bool {
	return p == other || p.width == other.width && slices.Equal(p.rows, other.rows)
}

// placed is a picture at a position of a sequence.
type placed struct {
	at int
	*picture
}

// end returns the position behind the picture.
func (p *placed) end() int { return p.at + len(p.rows)/p.width }

// bindImage binds the function for pictures before the stages are bound.
func (b *boundModel) bindImage(ctx context.Context, src functionSource, stages []Stage) error {
	m := b.d.Image
	if m == nil {
		return nil
	}
	model, desc, err := src.function(ctx, m.Package, m.Function)
	if err != nil {
		return err
	}
	in := desc.Input(m.Input)
	if in == nil || m.Places < 1 {
		return driverErrorf("image", "is not whole: input %q, %d places", m.Input, m.Places)
	}
	i := &boundImage{model: model, input: m.Input, described: in, output: m.Output, places: m.Places, crops: m.Crops, token: -1}
	if i.each, i.size, err = m.sizes(in); err != nil {
		return err
	}
	if in.Kind != coreml.KindImage {
		if i.array, err = newPixelArray(in, m.Pixels); err != nil {
			return err
		}
		i.described = i.array.described()
	}
	if p := m.Projector; p != nil {
		i.projector = &boundProjector{input: p.Input, output: p.Output}
		if i.projector.model, _, err = src.function(ctx, p.Package, p.Function); err != nil {
			return err
		}
	}
	b.image = i
	if i.stage = slices.IndexFunc(stages, func(s Stage) bool { return s.Inputs[m.Into].takesEmbeddings() }); i.stage < 0 {
		return driverErrorf("image.into", "no stage has an input %q that takes embeddings", m.Into)
	}
	if m.Token != nil {
		b.image.token = *m.Token
	}
	return nil
}

// takesPictures reports whether the rows of pictures go into an input.
func (b *boundModel) takesPictures(stage int, input string) bool {
	return b.image != nil && b.image.stage == stage && b.d.Image.Into == input
}

// check refuses a picture that the model does not take, and returns how many crops
// of others go through it.
func (b *boundImage) check(img image.Image) (crops int, err error) {
	if img == nil {
		return 0, errors.New("it is nil")
	}
	size := img.Bounds().Size()
	rows, columns := b.grid(size)
	if rows == 0 {
		return 0, fmt.Errorf("a picture %d wide and %d high: %s", size.X, size.Y, b.wanted())
	}
	channels := 1
	if p := b.described.Pixels; p == coreml.PixelsRGB || p == coreml.PixelsBGR {
		channels = 3
	}
	if err := b.described.Check(1, channels, size.Y/rows, size.X/columns); err != nil {
		return 0, fmt.Errorf("a picture %d wide and %d high for %s: %w", size.X, size.Y, b.described, err)
	}
	return b.crops.total(rows * columns), nil
}

// encode makes rows of a picture that was checked: those of its crops, in turn.
func (b *boundImage) encode(ctx context.Context, img image.Image) (*picture, error) {
	crops, err := b.cut(ctx, img)
	if err != nil {
		return nil, err
	}
	p := new(picture)
	for part := range slices.Chunk(crops, b.each) {
		rows, width, err := b.rows(ctx, part)
		switch {
		case err != nil:
			return nil, err
		case p.width != 0 && p.width != width:
			return nil, fmt.Errorf("%w: rows of %d and of %d numbers for the crops of a picture", ErrDriver, p.width, width)
		}
		p.rows, p.width = append(p.rows, rows...), width
	}
	return p, nil
}

// rows makes rows of the crops of one prediction.
func (b *boundImage) rows(ctx context.Context, crops []image.Image) (rows []float32, width int, err error) {
	in := coreml.Features{}
	if b.array == nil {
		in[b.input] = coreml.Image(crops[0])
	} else {
		t, err := b.array.make(ctx, crops)
		if err != nil {
			return nil, 0, err
		}
		in[b.input] = coreml.MultiArray(t)
	}
	out, err := b.model.Predict(ctx, in, nil, nil)
	if err != nil {
		return nil, 0, err
	}
	name, t := b.output, out.Tensor(b.output)
	if p := b.projector; p != nil {
		if out, err = p.model.Predict(ctx, coreml.Features{p.input: coreml.MultiArray(t)}, nil, nil); err != nil {
			return nil, 0, fmt.Errorf("projector: %w", err)
		}
		name, t = p.output, out.Tensor(p.output)
	}
	if rows, err = tensor.Values[float32](t); err != nil {
		return nil, 0, fmt.Errorf("output %s: %w", name, err)
	}
	places := b.places * len(crops)
	width = len(rows) / places
	if width == 0 || t.Rank() < 2 || t.Dim(-1) != width || width*places != len(rows) {
		return nil, 0, fmt.Errorf("%w: output %s is %v, which are not the rows of %d places", ErrDriver, name, t.Shape(), places)
	}
	return rows, width, nil
}

// splice returns t, the embeddings of the tokens from position base on along an
// axis, with the rows of pictures in their places. T itself is not changed.
func splice(t *tensor.Tensor, axis, base, tokens int, pictures []placed) (*tensor.Tensor, error) {
	changed := false
	for i := range pictures {
		p := &pictures[i]
		from, to := max(p.at, base), min(p.end(), base+tokens)
		if from >= to {
			continue
		}
		if !changed {
			t, changed = t.Clone(), true // outputs are written to again by the stage that gave them
		}
		if err := p.write(t, axis, from, to, base); err != nil {
			return nil, err
		}
	}
	return t, t.Err()
}

// write writes the rows of the positions from and to into t, whose places along
// axis begin with position base.
func (p *placed) write(t *tensor.Tensor, axis, from, to, base int) error {
	outer, inner := 1, 1
	for i, n := range t.Shape() {
		if i < axis {
			outer *= n
		} else if i > axis {
			inner *= n
		}
	}
	rows := inner == p.width // else [1, width, 1, q]
	if !rows && (inner != 1 || outer%p.width != 0) || to-base > t.Dim(axis) {
		return fmt.Errorf("%w: rows of %d numbers for embeddings of shape %v", ErrDriver, p.width, t.Shape())
	}
	src, err := tensor.Wrap(p.rows, len(p.rows)).To(t.DType()).Bytes()
	if err != nil {
		return err
	}
	dst, err := t.Bytes()
	if err != nil {
		return err
	}
	size, places := t.DType().Size(), t.Dim(axis)
	for o := range outer {
		for at := from; at < to; at++ {
			row := src[(at-p.at)*p.width*size:][:p.width*size]
			if !rows {
				k := o % p.width
				row = row[k*size : (k+1)*size]
			}
			copy(dst[(o*places+at-base)*inner*size:], row)
		}
	}
	return nil
}
