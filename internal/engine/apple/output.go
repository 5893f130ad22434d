//go:build (darwin || linux) && (amd64 || arm64)

package apple

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/objc"
	"github.com/gocoreml/coreml/tensor"
)

// collect copies a prediction's results, by the last rows[i] rows where rows
// says so. It must be called inside a pool. The result is borrowed and its
// arrays may be backings that the next prediction overwrites, so everything is
// copied. An error leaves outputs partly filled.
func (p *program) collect(result objc.ID, outputs []*tensor.Tensor, rows []int) error {
	for k := range outputs {
		f := &p.desc.Outputs[k]
		n := 0
		if k < len(rows) {
			n = rows[k]
		}
		v := objc.Send(result, objc.MLFeatureProvider.FeatureValue, p.out[k].Word())
		if err := takeValue(v, f, n, &outputs[k]); err != nil {
			return fmt.Errorf("output %s: %w", f.Name, err)
		}
	}
	return nil
}

// takeValue copies a value of the framework into a tensor. A value of another
// kind than the description says would make the getter below raise.
func takeValue(v objc.ID, f *engine.Feature, rows int, to **tensor.Tensor) error {
	if v == 0 {
		return fmt.Errorf("%w: a value", ErrMissing)
	}
	kind, ok := featureKinds[int(objc.SendInt(v, objc.MLFeatureValue.Type))]
	if !ok || kind != f.Kind || objc.SendBool(v, objc.MLFeatureValue.IsUndefined) {
		return fmt.Errorf("%w: a value of the kind that is described", ErrMissing)
	}
	switch f.Kind {
	case engine.MultiArray:
		return takeArray(objc.Send(v, objc.MLFeatureValue.MultiArray), f.DType, rows, to)
	case engine.Image:
		return takePixels(objc.Send(v, objc.MLFeatureValue.ImageBuffer), f, to)
	case engine.Int64:
		n := objc.SendInt(v, objc.MLFeatureValue.Int64)
		if f.Labels != nil {
			return takeLabel(strconv.FormatInt(n, 10), f, to)
		}
		return put(tensor.FromSlice([]int64{n}, 1), to)
	case engine.Double:
		return put(tensor.FromSlice([]float64{objc.SendFloat64(v, objc.MLFeatureValue.Double)}, 1), to)
	case engine.String:
		return takeLabel(objc.GoString(objc.Send(v, objc.MLFeatureValue.String)), f, to)
	case engine.Dictionary:
		return takeProbabilities(objc.Send(v, objc.MLFeatureValue.Dictionary), f, to)
	default:
		return fmt.Errorf("is of a kind that cannot be taken")
	}
}

// put stores a small result, in the buffer given when there is one, with its
// type converted.
func put(t *tensor.Tensor, to **tensor.Tensor) error {
	if *to == nil {
		*to = t
		return t.Err()
	}
	return t.CopyTo(*to)
}

// takeLabel stores the index of a class. The API has no strings; Labels turns
// the index back into one.
func takeLabel(label string, f *engine.Feature, to **tensor.Tensor) error {
	k := slices.Index(f.Labels, label)
	if k < 0 {
		return fmt.Errorf("the class %q is not one of those described", label)
	}
	return put(tensor.FromSlice([]int64{int64(k)}, 1), to)
}

// takeProbabilities stores the probability of each class. The dictionary goes
// from labels to NSNumbers and has no order. Labels that are numbers are
// compared as decimal text, as classes wrote them.
func takeProbabilities(d objc.ID, f *engine.Feature, to **tensor.Tensor) error {
	if len(f.Labels) == 0 {
		return fmt.Errorf("is a dictionary of no classes")
	}
	found := map[string]objc.ID{}
	for _, key := range objc.Keys(d) {
		name := ""
		if objc.IsKind(key, objc.NSNumber.Class) {
			name = strconv.FormatInt(objc.GoInt(key), 10)
		} else {
			name = objc.GoString(key)
		}
		found[name] = objc.Get(d, key)
	}
	p := make([]float64, len(f.Labels))
	for k, label := range f.Labels {
		v, ok := found[label]
		if !ok || !objc.IsKind(v, objc.NSNumber.Class) {
			return fmt.Errorf("%w: the probability of %q", ErrMissing, label)
		}
		p[k] = objc.GoFloat(v)
	}
	return put(tensor.Wrap(p, len(p)), to)
}
