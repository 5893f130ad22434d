package kernel

// A product of vectors that are [MatMulTask.Alone] can be prepared by those whose vectors
// they are, each by itself and all at once, on whatever core has the vector in its cache.

// AloneLen returns how many elements PrepareAlone leaves of a vector of the product, or 0
// where the matrix, or a part of it, reads vectors as they are.
func (t *MatMulTask) AloneLen() int {
	if p := aloneForm(t.Mat); p != nil {
		return p.prepLen(1)
	}
	return 0
}

// PrepareAlone prepares the only vector of the product for one of several that are alone.
// dst has AloneLen elements.
func (t *MatMulTask) PrepareAlone(dst []float32) {
	aloneForm(t.Mat).prepare(dst, t.X, t.Ldx, 1, 0, 1)
}

// aloneForm returns what prepares vectors which are alone for a matrix, if that is one and
// the same for all of its rows, and nil otherwise.
func aloneForm(m Mat) preparer {
	switch m := aloneMat(m).(type) {
	case *Quant:
		if m.alone && m.few(1) {
			return m
		}
	case *Concat:
		for _, part := range m.parts {
			if q, ok := part.(*Quant); !ok || !q.alone || !q.few(1) {
				return nil
			}
		}
		if m.shared(1) != nil {
			return m
		}
	}
	return nil
}
