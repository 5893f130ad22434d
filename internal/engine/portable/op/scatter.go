package op

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// The scatters copy data and write updates to the places that indices name: scatter
// whole slices along an axis, scatter_along_axis single elements of a lane (NumPy's
// put_along_axis), scatter_nd slices at coordinates. They write one after the other,
// so that of two updates of one place the later one wins or both add up, always in
// the order of the indices. Their counterparts that read are in gather.go.
//
// Operands are data, indices, updates, axis (0, which scatter_nd lacks), mode (add) and,
// from iOS17 on, validate_indices (false). Sources: coremltools, mil/ops/defs,
// iOS15/scatter_gather.py and iOS17/scatter_gather.py; what happens to indices outside
// is in writeRule.
func init() {
	add(
		Operator{
			Name: "scatter", Params: in("data*", "indices!", "updates!", "axis", "mode", "validate_indices."),
			Shape: scatterShape, Eval: scatter, Check: checkScatter, Texts: scatterTexts,
			Note: "negative indices up to iOS16; from iOS17 an index outside changes nothing, or is an error where validate_indices asks for it",
		},
		Operator{
			Name: "scatter_along_axis", Params: in("data*", "indices!", "updates!", "axis", "mode", "validate_indices."),
			Shape: scatterAlongShape, Eval: scatterAlong, Check: checkScatter, Texts: scatterTexts,
		},
		Operator{
			Name: "scatter_nd", Params: in("data*", "indices!", "updates!", "mode", "validate_indices."),
			Shape: scatterNDShape, Eval: scatterND, Check: checkScatterND, Texts: scatterTexts, Grouped: true,
		},
	)
}

// refusesWrite reports whether err is more than an index that names no place, which
// from iOS17 on loses its update and is no fault. See writeRule.
func refusesWrite(err error) bool { return err != nil && !errors.Is(err, errDropped) }

// update is how a scattered element changes what is there. Every mode but the first
// reads what is there, so the order of two updates of one place matters only to it.
type update uint8

const (
	updateSet update = iota
	updateAdd
	updateSub
	updateMul
	updateDiv
	updateMax
	updateMin
)

// updateIn reads the mode, operand k. The texts in scatterTexts have the order of the
// constants above.
func (c *Call) updateIn(k int) (update, error) {
	s, err := c.choiceIn(k, "add")
	return update(max(0, slices.Index(scatterTexts["mode"], s))), err
}

// apply changes dst by src element by element. The caller has made sure that no
// integer divisor is zero. Integers wrap at 32 bits here and are brought into the
// range of a narrower type at the end: see wrapTo.
func apply[T int32 | float32](u update, dst, src []T) {
	dst = dst[:len(src)] // one check of bounds instead of one for each element
	switch u {
	case updateSet:
		copy(dst, src)
	case updateAdd:
		for k, v := range src {
			dst[k] += v
		}
	case updateSub:
		for k, v := range src {
			dst[k] -= v
		}
	case updateMul:
		for k, v := range src {
			dst[k] *= v
		}
	case updateDiv:
		for k, v := range src {
			dst[k] /= v
		}
	case updateMax:
		for k, v := range src {
			dst[k] = max(dst[k], v)
		}
	case updateMin:
		for k, v := range src {
			dst[k] = min(dst[k], v)
		}
	}
}

// scattered prepares a scatter: output 0 is a copy of data, of which run changes
// single runs. Exactly one pair of slices is set: what is there and what is new.
type scattered struct {
	work    array.Counter
	mode    update
	rule    indexRule
	f, fNew []float32
	i, iNew []int32
}

// scattered copies data to output 0 and reads the mode, operand modeAt, and
// validate_indices behind it.
func (c *Call) scattered(modeAt int) (s scattered, err error) {
	s.work = array.Counter{Poller: &c.Env.Poller}
	if s.rule, err = c.writeRule(modeAt + 1); err != nil {
		return s, err
	}
	if s.mode, err = c.updateIn(modeAt); err != nil {
		return s, err
	}
	data, updates := c.In(0), c.In(2)
	if c.floatOut(0) {
		s.fNew = c.F32(updates)
		s.f = c.copyF32(data)
		return s, nil
	}
	s.iNew = c.I32(updates)
	if s.mode == updateDiv {
		if err := c.noZero(s.iNew); err != nil {
			return s, err
		}
	}
	src := c.I32(data)
	s.i = c.newI32(0)
	array.Copy(&c.Env.Poller, s.i, src)
	return s, nil
}

// run applies n updates from element from on to the output from element to on. It is
// called for every index and so counts its work, one more for the call.
func (s *scattered) run(to, from, n int) {
	s.work.Add(n + 1)
	s.work.Poller.Pieces(n, func(lo, hi int) {
		if s.f != nil {
			apply(s.mode, s.f[to+lo:], s.fNew[from+lo:from+hi])
		} else {
			apply(s.mode, s.i[to+lo:], s.iNew[from+lo:from+hi])
		}
	})
}

// put is run for a place that was looked up with an error: one that does not exist is
// passed over or refused, by the rule of the opset.
func (s *scattered) put(to int, err error, from, n int) error {
	if err == nil {
		s.run(to, from, n)
	}
	if refusesWrite(err) {
		return err
	}
	return nil
}

// wrapTo brings integer results into the range of the declared type, once at the end:
// sums and products in two's complement are the same whenever they are cut, and the
// other modes stay in the range.
func (s *scattered) wrapTo(c *Call) {
	if s.f != nil || !array.Narrow(c.out(0).DType) {
		return
	}
	wrapAll(&c.Env.Poller, s.i, s.i, c.out(0).DType)
}

// scatterShape checks that updates has the shape of data with axis replaced by
// the dimensions of indices: a scalar index drops the axis, a matrix of indices puts
// two dimensions in its place.
func scatterShape(c *Call) error {
	data, idx, updates := c.In(0), c.In(1), c.In(2)
	axis, err := c.axisIn(3, 0, data)
	if err != nil {
		return err
	}
	fits := updates.Rank == data.Rank-1+idx.Rank
	for d := 0; fits && d < updates.Rank; d++ {
		switch {
		case d < axis:
			fits = updates.Dims[d] == data.Dims[d]
		case d < axis+idx.Rank:
			fits = updates.Dims[d] == idx.Dims[d-axis]
		default:
			fits = updates.Dims[d] == data.Dims[d-idx.Rank+1]
		}
	}
	if !fits {
		return fmt.Errorf("updates of shape %v and indices of shape %v do not fit data of shape %v along axis %d",
			updates.ShapeCopy(), idx.ShapeCopy(), data.ShapeCopy(), axis)
	}
	return sameShape(c)
}

// scatter changes the slices of data along axis that indices name. With data of
// [outer, n, inner] updates are [outer, indices, inner].
func scatter(c *Call) error {
	data := c.In(0)
	axis, err := c.axisIn(3, 0, data)
	if err != nil {
		return err
	}
	s, err := c.scattered(4)
	if err != nil {
		return err
	}
	indices := c.I32(c.In(1))
	n, inner := data.Dims[axis], data.Span(axis+1, data.Rank)
	at := 0 // in updates, which are read from the first element to the last
	for o := range data.Span(0, axis) {
		for _, i := range indices {
			k, err := s.rule.at(i, n)
			if err := s.put((o*n+k)*inner, err, at, inner); err != nil {
				return err
			}
			at += inner
		}
	}
	s.wrapTo(c)
	return nil
}

// scatterAlongShape is that of data, once indices and updates agree: an update for
// each index.
func scatterAlongShape(c *Call) error {
	data, idx, updates := c.In(0), c.In(1), c.In(2)
	if _, err := c.along(3, data, idx); err != nil {
		return err
	}
	if !equalDims(idx, updates) {
		return fmt.Errorf("updates of shape %v do not pair with indices of shape %v", updates.ShapeCopy(), idx.ShapeCopy())
	}
	return sameShape(c)
}

// scatterAlong changes for every update the element of its lane that its index
// names. Data and indices have the same shape but for the axis, so that an update's
// lane is known from its place.
func scatterAlong(c *Call) error {
	data, idx := c.In(0), c.In(1)
	axis, err := c.along(3, data, idx)
	if err != nil {
		return err
	}
	s, err := c.scattered(4)
	if err != nil {
		return err
	}
	indices := c.I32(idx)
	n, m, inner := data.Dims[axis], idx.Dims[axis], data.Span(axis+1, data.Rank)
	at := 0
	for o := range data.Span(0, axis) {
		for range m {
			for j := range inner {
				k, err := s.rule.at(indices[at], n)
				if err := s.put((o*n+k)*inner+j, err, at, 1); err != nil {
					return err
				}
				at++
			}
		}
	}
	s.wrapTo(c)
	return nil
}

// scatterNDShape is that of data, once indices and updates fit it. Of updates only the
// number of elements counts, not how they are shaped.
func scatterNDShape(c *Call) error {
	data, idx, updates := c.In(0), c.In(1), c.In(2)
	d, err := c.deep(data, idx, 0)
	if err != nil {
		return err
	}
	if updates.Len() != d.count*d.slice {
		return fmt.Errorf("updates of shape %v and indices of shape %v do not fit data of shape %v",
			updates.ShapeCopy(), idx.ShapeCopy(), data.ShapeCopy())
	}
	return sameShape(c)
}

// scatterND changes the slices of data at the coordinates in the last dimension
// of indices. Fewer coordinates than dimensions name slices of what follows.
func scatterND(c *Call) error {
	data, idx := c.In(0), c.In(1)
	d, err := c.deep(data, idx, 0)
	if err != nil {
		return err
	}
	s, err := c.scattered(3)
	if err != nil {
		return err
	}
	indices := c.I32(idx)
	for k := range d.count {
		at, err := d.offset(data, indices, k, s.rule)
		if err := s.put(at, err, k*d.slice, d.slice); err != nil {
			return err
		}
	}
	s.wrapTo(c)
	return nil
}
