//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
	"github.com/gocoreml/coreml/tensor"
)

// frame is what one prediction needs and the next one uses again: an array for
// each input, over memory that grows when it has to. From takeFrame to
// giveFrame one call owns it. The framework may still read it after that call's
// context has ended, which is why call.end and not the caller gives it back.
type frame struct {
	inputs   []inputArray
	backings []backing
	options  *objc.Object
	shapes   [][]int // of the inputs, when the backings were made
}

// inputArray is the array of one input. The array is a view of mem and holds
// its own share.
type inputArray struct {
	mem   *region
	array *objc.Object
	shape []int
}

// prepare fills the input's array with t. The array is made anew when the shape
// is another one; the memory only when it is too small. It must be called
// inside a pool, after checkInputs has found t contiguous and of the described
// type. The memory may be written again only because the prediction before has
// finished.
func (in *inputArray) prepare(t *tensor.Tensor) (objc.ID, error) {
	raw, err := t.Bytes()
	if err != nil {
		return 0, err
	}
	if in.array == nil || !sameShape(in.shape, t) {
		// A provider of the framework may still hold the old array. It then
		// keeps the old region through its deallocator.
		in.array.Close()
		in.array = nil
		if in.mem == nil || len(in.mem.mem) < len(raw) {
			if err := in.grow(len(raw)); err != nil {
				return 0, err
			}
		}
		shape := t.Shape()
		if in.array, err = newArray(in.mem, t.DType(), shape); err != nil {
			return 0, err
		}
		in.shape = shape
	}
	return in.array.ID(), fillArray(in.array.ID(), t.DType().Size(), in.shape, raw)
}

// grow takes a larger region. Arrays over the old one keep it until they go. It
// at least doubles, so that an input which grows by an element a step, such as
// a mask, is not mapped anew at each.
func (in *inputArray) grow(n int) error {
	if in.mem != nil {
		n = max(n, min(2*len(in.mem.mem), tensor.MaxBytes))
		in.mem.release()
		in.mem = nil
	}
	mem, err := newRegion(n)
	in.mem = mem
	return err
}

// close gives back the array first, which views the memory, and then the
// memory. The order is for readers only: the array has its own share.
func (in *inputArray) close() {
	in.array.Close()
	if in.mem != nil {
		in.mem.release()
	}
	*in = inputArray{}
}

// sameShape compares without the copy that Tensor.Shape makes. It is on the way
// of every token.
func sameShape(shape []int, t *tensor.Tensor) bool {
	if len(shape) != t.Rank() {
		return false
	}
	for k, d := range shape {
		if t.Dim(k) != d {
			return false
		}
	}
	return true
}

// close gives back what a frame has kept from prediction to prediction. No
// prediction uses the frame any more.
func (fr *frame) close() {
	for k := range fr.inputs {
		fr.inputs[k].close()
	}
	for k := range fr.backings {
		fr.backings[k].close()
	}
	fr.options.Close()
	fr.options = nil
}

// provide makes the provider of a prediction's inputs. Values and provider are
// made anew each time, because the framework does not say whether they copy. It
// must be called inside a pool. A dictionary of values is
// MLDictionaryFeatureProvider's only argument; an optional input is left out by
// being absent from it. The caller closes the provider when the prediction has
// finished with it.
func (p *program) provide(fr *frame, inputs []*tensor.Tensor) (*objc.Object, error) {
	keys := make([]objc.ID, 0, len(inputs))
	values := make([]objc.ID, 0, len(inputs))
	for k, t := range inputs {
		if t == nil {
			continue // optional: the framework fills it in
		}
		f := &p.desc.Inputs[k]
		v, err := inputValue(&fr.inputs[k], f, t)
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", f.Name, err)
		}
		keys, values = append(keys, p.in[k].ID()), append(values, v)
	}
	named, err := objc.Dictionary(keys, values)
	if err != nil {
		return nil, err
	}
	provider, err := objc.New(objc.MLDictionaryFeatureProvider.InitWithDictionary, uintptr(named))
	if err != nil {
		return nil, failed("make the inputs", err)
	}
	return provider, nil
}

// inputValue makes a value of the framework of a tensor. The value is
// autoreleased and lives as long as the pool; the provider retains it.
func inputValue(in *inputArray, f *engine.Feature, t *tensor.Tensor) (v objc.ID, err error) {
	switch f.Kind {
	case engine.MultiArray:
		a, err := in.prepare(t)
		if err != nil {
			return 0, err
		}
		v = objc.SendClass(objc.MLFeatureValue.WithMultiArray, uintptr(a))
	case engine.Int64:
		n, err := tensor.Item[int64](t)
		if err != nil {
			return 0, err
		}
		v = objc.SendClass(objc.MLFeatureValue.WithInt64, uintptr(n))
	case engine.Double:
		x, err := tensor.Item[float64](t)
		if err != nil {
			return 0, err
		}
		// A double travels in a floating-point register, which an ordinary send
		// of words does not fill.
		v = objc.SendWithFloat64(objc.MLFeatureValue.WithDouble, x)
	case engine.Image:
		buffer, err := fillPixels(f, t)
		if err != nil {
			return 0, err
		}
		defer buffer.Close() // the value keeps it
		v = objc.SendClass(objc.MLFeatureValue.WithPixelBuffer, buffer.Word())
	default:
		return 0, fmt.Errorf("is of a kind that cannot be given")
	}
	if v == 0 {
		return 0, fmt.Errorf("%w: a value", ErrMissing)
	}
	return v, nil
}

// checkInputs says whether the framework takes the inputs. It stands before
// every prediction, whatever the API has checked: an exception cannot be
// caught. Its errors leave the state as it was, since nothing has begun.
func (p *program) checkInputs(inputs, outputs []*tensor.Tensor) error {
	if len(inputs) != len(p.desc.Inputs) || len(outputs) != len(p.desc.Outputs) {
		return fmt.Errorf("%d inputs and %d outputs for a function with %d and %d",
			len(inputs), len(outputs), len(p.desc.Inputs), len(p.desc.Outputs))
	}
	for k, t := range inputs {
		f := &p.desc.Inputs[k]
		if t == nil {
			if !f.Optional {
				return fmt.Errorf("input %s: is missing", f.Name)
			}
			continue
		}
		var err error
		switch f.Kind {
		case engine.MultiArray, engine.Image:
			err = checkArray(f, t)
		case engine.Int64, engine.Double:
			if err = t.Err(); err == nil && t.Len() != 1 {
				err = fmt.Errorf("shape %v is not one number: %w", t.Shape(), tensor.ErrShape)
			}
		default:
			err = fmt.Errorf("is of a kind that cannot be given")
		}
		if err != nil {
			return fmt.Errorf("input %s: %w", f.Name, err)
		}
	}
	for k, t := range outputs {
		f := &p.desc.Outputs[k]
		switch {
		case t == nil:
		case t.Err() != nil:
			return fmt.Errorf("output %s: %w", f.Name, t.Err())
		case t.DType() != f.DType || !t.IsContiguous():
			return fmt.Errorf("output %s: the buffer given is not contiguous memory of %v: %w", f.Name, f.DType, tensor.ErrDType)
		}
	}
	return nil
}

// work is the number of elements of the inputs, by which predictions of one
// model are compared. It is a crude measure, good enough to tell a prompt of
// hundreds of tokens from a step of one.
func work(inputs []*tensor.Tensor) int {
	n := 0
	for _, t := range inputs {
		n += t.Len()
	}
	return n
}

// shapesOf returns the shapes of inputs.
func shapesOf(inputs []*tensor.Tensor) [][]int {
	out := make([][]int, len(inputs))
	for k, t := range inputs {
		out[k] = t.Shape()
	}
	return out
}

// sameShapes reports whether the inputs have the shapes of the prediction before; nil
// stands for an optional one that is absent.
func sameShapes(shapes [][]int, inputs []*tensor.Tensor) bool {
	if len(shapes) != len(inputs) {
		return false
	}
	for k, t := range inputs {
		if (shapes[k] == nil) != (t == nil) || t != nil && !sameShape(shapes[k], t) {
			return false
		}
	}
	return true
}
