package portable

import (
	"errors"
	"fmt"
)

func init() {
	add(
		operator{
			name: "scatter", params: in("data*", "indices!", "updates!", "axis", "mode", "validate_indices"),
			shape: scatterShape, eval: scatter,
		},
		operator{
			name: "scatter_along_axis", params: in("data*", "indices!", "updates!", "axis", "mode", "validate_indices"),
			shape: scatterAlongShape, eval: scatterAlong,
		},
		operator{
			name: "scatter_nd", params: in("data*", "indices!", "updates!", "mode", "validate_indices"),
			shape: scatterNDShape, eval: scatterND,
		},
	)
}

// update is how a scattered element changes what is there.
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

// updateIn reads the mode, operand k.
func (c *call) updateIn(k int) (update, error) {
	s, err := c.textIn(k, "add")
	if err != nil {
		return 0, err
	}
	switch s {
	case "update":
		return updateSet, nil
	case "add":
		return updateAdd, nil
	case "sub":
		return updateSub, nil
	case "mul":
		return updateMul, nil
	case "div":
		return updateDiv, nil
	case "max":
		return updateMax, nil
	case "min":
		return updateMin, nil
	}
	return 0, fmt.Errorf("mode %q is unknown", s)
}

// apply changes dst by src element by element. The caller has made sure that no
// integer divisor is zero.
func apply[T int32 | float32](u update, dst, src []T) {
	dst = dst[:len(src)]
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
// single runs. Exactly one pair of slices is set.
type scattered struct {
	work    counter
	mode    update
	f, fNew []float32
	i, iNew []int32
}

func (c *call) scattered(modeAt int) (s scattered, err error) {
	s.work = counter{p: &c.fr.poller}
	if s.mode, err = c.updateIn(modeAt); err != nil {
		return s, err
	}
	data, updates := c.in(0), c.in(2)
	if c.floatOut(0) {
		s.fNew = c.f32(updates)
		s.f = c.copyF32(data)
		return s, nil
	}
	s.iNew = c.i32(updates)
	if s.mode == updateDiv {
		if err := c.noZero(s.iNew); err != nil {
			return s, err
		}
	}
	src := c.i32(data)
	s.i = c.newI32(0)
	copyPieces(&c.fr.poller, s.i, src)
	return s, nil
}

// run applies n updates from element from on to the output from element to on.
func (s *scattered) run(to, from, n int) {
	s.work.add(n + 1)
	s.work.p.pieces(n, func(lo, hi int) {
		if s.f != nil {
			apply(s.mode, s.f[to+lo:], s.fNew[from+lo:from+hi])
		} else {
			apply(s.mode, s.i[to+lo:], s.iNew[from+lo:from+hi])
		}
	})
}

// wrapTo brings integer results into the range of the declared type.
func (s *scattered) wrapTo(c *call) {
	if s.f != nil || !narrow(c.out(0).dt) {
		return
	}
	wrapAll(&c.fr.poller, s.i, s.i, c.out(0).dt)
}

// scatterShape checks that updates has the shape of data with axis replaced by
// the dimensions of indices.
func scatterShape(c *call) error {
	data, idx, updates := c.in(0), c.in(1), c.in(2)
	axis, err := c.axisIn(3, 0, data)
	if err != nil {
		return err
	}
	fits := updates.rank == data.rank-1+idx.rank
	for d := 0; fits && d < updates.rank; d++ {
		switch {
		case d < axis:
			fits = updates.dims[d] == data.dims[d]
		case d < axis+idx.rank:
			fits = updates.dims[d] == idx.dims[d-axis]
		default:
			fits = updates.dims[d] == data.dims[d-idx.rank+1]
		}
	}
	if !fits {
		return fmt.Errorf("updates of shape %v and indices of shape %v do not fit data of shape %v along axis %d",
			updates.shapeCopy(), idx.shapeCopy(), data.shapeCopy(), axis)
	}
	return sameShape(c)
}

// scatter changes the slices of data along axis that indices name.
func scatter(c *call) error {
	data := c.in(0)
	axis, err := c.axisIn(3, 0, data)
	if err != nil {
		return err
	}
	rule, err := c.writeRule(5)
	if err != nil {
		return err
	}
	s, err := c.scattered(4)
	if err != nil {
		return err
	}
	indices := c.i32(c.in(1))
	n, inner := data.dims[axis], data.span(axis+1, data.rank)
	at := 0
	for o := range data.span(0, axis) {
		for _, i := range indices {
			k, err := rule.at(i, n)
			switch {
			case err == nil:
				s.run((o*n+k)*inner, at, inner)
			case !errors.Is(err, errDropped):
				return err
			}
			at += inner
		}
	}
	s.wrapTo(c)
	return nil
}

func scatterAlongShape(c *call) error {
	data, idx, updates := c.in(0), c.in(1), c.in(2)
	if _, err := c.along(3, data, idx); err != nil {
		return err
	}
	if !equalDims(idx, updates) {
		return fmt.Errorf("updates of shape %v do not pair with indices of shape %v", updates.shapeCopy(), idx.shapeCopy())
	}
	return sameShape(c)
}

// scatterAlong changes for every update the element of its lane that its index
// names.
func scatterAlong(c *call) error {
	data, idx := c.in(0), c.in(1)
	axis, err := c.along(3, data, idx)
	if err != nil {
		return err
	}
	rule, err := c.writeRule(5)
	if err != nil {
		return err
	}
	s, err := c.scattered(4)
	if err != nil {
		return err
	}
	indices := c.i32(idx)
	n, m, inner := data.dims[axis], idx.dims[axis], data.span(axis+1, data.rank)
	at := 0
	for o := range data.span(0, axis) {
		for range m {
			for j := range inner {
				k, err := rule.at(indices[at], n)
				switch {
				case err == nil:
					s.run((o*n+k)*inner+j, at, 1)
				case !errors.Is(err, errDropped):
					return err
				}
				at++
			}
		}
	}
	s.wrapTo(c)
	return nil
}

func scatterNDShape(c *call) error {
	data, idx, updates := c.in(0), c.in(1), c.in(2)
	d, err := c.deep(data, idx, 0)
	if err != nil {
		return err
	}
	if updates.len() != d.count*d.slice {
		return fmt.Errorf("updates of shape %v and indices of shape %v do not fit data of shape %v",
			updates.shapeCopy(), idx.shapeCopy(), data.shapeCopy())
	}
	return sameShape(c)
}

// scatterND changes the slices of data at the coordinates in the last dimension
// of indices.
func scatterND(c *call) error {
	data, idx := c.in(0), c.in(1)
	d, err := c.deep(data, idx, 0)
	if err != nil {
		return err
	}
	rule, err := c.writeRule(4)
	if err != nil {
		return err
	}
	s, err := c.scattered(3)
	if err != nil {
		return err
	}
	indices := c.i32(idx)
	for k := range d.count {
		at, err := d.offset(data, indices, k, rule)
		switch {
		case err == nil:
			s.run(at, k*d.slice, d.slice)
		case !errors.Is(err, errDropped):
			return err
		}
	}
	s.wrapTo(c)
	return nil
}
