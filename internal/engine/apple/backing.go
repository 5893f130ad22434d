//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"slices"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
	"github.com/gocoreml/coreml/tensor"
)

// backing is an array that the framework may write an output into: over a pixel
// buffer, which devices share, for float16, and over a region for other types.
// Its memory is not touched between a prediction's beginning and its end.
// Output backings are offered by the caller and used at the framework's
// discretion: a result may lie elsewhere, and then everything is copied as
// without them. They are off unless Framework.OutputBackings asks for them.
type backing struct {
	array *objc.Object
	shape []int
	fixed bool // the output has this shape whatever the inputs have
	never bool // the framework refuses such an array
}

// close gives the array back; a prediction that still runs holds it itself.
func (b *backing) close() {
	b.array.Close()
	b.array, b.shape = nil, nil
}

// back hands the frame's buffers for outputs to the framework. Those of outputs
// whose shape depends on the inputs' serve only while these stay as they are.
// It must be called inside a pool. It is called before each prediction, with
// the frame that this prediction alone uses. An output that was described with
// a range or a list of shapes has no backing in the first prediction: nobody
// knows its shape before count has seen it.
func (p *program) back(fr *frame, inputs []*tensor.Tensor) error {
	same := sameShapes(fr.shapes, inputs)
	var keys, arrays []objc.ID
	for k := range fr.backings {
		f, b := &p.desc.Outputs[k], &fr.backings[k]
		// A fixed shape is known now, and so its buffer can be made before the
		// first prediction.
		if b.array == nil && f.Kind == engine.MultiArray && len(f.Shape) > 0 && f.Ranges == nil && f.Enumerated == nil {
			b.fixed = true
			p.makeBacking(f, b, f.Shape)
		}
		if b.array != nil && (same || b.fixed) {
			keys, arrays = append(keys, p.out[k].ID()), append(arrays, b.array.ID())
		}
	}
	d, err := objc.Dictionary(keys, arrays)
	if err != nil {
		return err
	}
	// Set even when it is empty: the options are used again and would hold the
	// dictionary of the prediction before.
	objc.Send(fr.options.ID(), objc.MLPredictionOptions.SetOutputBackings, uintptr(d))
	p.given.Add(int64(len(keys)))
	return nil
}

// count notes which buffers the framework used, and makes those for the next
// prediction with inputs of these shapes. It must be called inside a pool.
// given and taken are what Info judges by. A buffer is not made again when the
// framework returned the same shape but its own memory: it did not want this
// buffer.
func (p *program) count(fr *frame, result objc.ID, inputs []*tensor.Tensor) {
	for k := range fr.backings {
		f, b := &p.desc.Outputs[k], &fr.backings[k]
		if f.Kind != engine.MultiArray {
			continue
		}
		v := objc.Send(result, objc.MLFeatureProvider.FeatureValue, p.out[k].Word())
		a := objc.Send(v, objc.MLFeatureValue.MultiArray)
		if a == 0 {
			continue // collect reports it
		}
		if b.array != nil && a == b.array.ID() {
			p.taken.Add(1)
			continue
		}
		// Only a result of the described type can be backed by a buffer of that
		// type.
		d, l, err := arrayLayout(a)
		if b.fixed || err != nil || d != f.DType || len(l.shape) == 0 || b.array != nil && slices.Equal(l.shape, b.shape) {
			continue
		}
		b.close()
		p.makeBacking(f, b, l.shape)
	}
	if !sameShapes(fr.shapes, inputs) {
		fr.shapes = shapesOf(inputs)
	}
}

// makeBacking makes a buffer of a shape. An output whose buffer cannot be made
// goes without one: it is for speed alone. One refusal settles it for the
// frame: asking again would cost an allocation at each prediction.
func (p *program) makeBacking(f *engine.Feature, b *backing, shape []int) {
	if b.never {
		return
	}
	array, err := newBacking(f, shape)
	if err == nil && f.DType != tensor.Float16 && !p.allowedValue(f.Name, array) {
		array.Close()
		array = nil
	}
	if err != nil || array == nil {
		b.never = true
		return
	}
	b.array, b.shape = array, slices.Clone(shape)
}

// newBacking makes the array that the framework is to write an output into.
// Halves go into a pixel buffer where the system has these arrays, from macOS
// 12 on: its memory can be shared with the GPU and the Neural Engine, so that
// nothing is copied.
func newBacking(f *engine.Feature, shape []int) (*objc.Object, error) {
	n, err := elements(shape, f.DType.Size())
	if err != nil {
		return nil, err
	}
	if f.DType == tensor.Float16 && objc.MLMultiArray.InitWithPixelBuffer.Available() {
		// The last dimension is the width, all others together the height: that
		// is how initWithPixelBuffer:shape: lays an array out. Rows may be
		// padded, which the array's strides tell.
		wide := shape[len(shape)-1]
		buffer, err := newPixels(wide, n/wide, formatHalf)
		if err != nil {
			return nil, err
		}
		defer buffer.Close() // the array keeps it
		return objc.New(objc.MLMultiArray.InitWithPixelBuffer, buffer.Word(), uintptr(objc.Ints(shape)))
	}
	mem, err := newRegion(n * f.DType.Size())
	if err != nil {
		return nil, err
	}
	defer mem.release() // the array keeps it
	return newArray(mem, f.DType, shape)
}

// allowedValue asks the framework whether an array may stand for an output. A
// backing that does not fit would fail each prediction, or raise.
func (p *program) allowedValue(name string, array *objc.Object) bool {
	m := objc.Send(p.model.obj.ID(), objc.MLModel.Description)
	d := objc.Lookup(objc.Send(m, objc.MLModelDescription.Outputs), name)
	v := objc.SendClass(objc.MLFeatureValue.WithMultiArray, array.Word())
	return d != 0 && v != 0 && objc.SendBool(d, objc.MLFeatureDescription.IsAllowedValue, uintptr(v))
}
