package jinja

// sortedOrder returns the order that sorts values, as indices. Equal values
// keep their order. It is a merge sort of its own, because the one of the
// library cannot be stopped: a comparison here may run into a limit, and the
// comparisons that were left would still be made.
func (in *interp) sortedOrder(values []Value, reverse bool) ([]int, error) {
	if err := in.charge(2 * 8 * len(values)); err != nil {
		return nil, err
	}
	order, other := make([]int, len(values)), make([]int, len(values))
	for i := range order {
		if err := in.every(i); err != nil {
			return nil, err
		}
		order[i] = i
	}
	less := func(a, b int) (bool, error) {
		c, _, err := in.order("<", values[a], values[b], 0)
		if reverse {
			c = -c
		}
		return c < 0, err
	}
	// From the bottom up: runs of one, of two, of four items and so on.
	for width := 1; width < len(order); width *= 2 {
		for start := 0; start < len(order); start += 2 * width {
			mid, end := min(start+width, len(order)), min(start+2*width, len(order))
			if err := in.spend(1); err != nil {
				return nil, err
			}
			if err := merge(other[start:end], order[start:mid], order[mid:end], less); err != nil {
				return nil, err
			}
		}
		order, other = other, order
	}
	return order, nil
}

// merge writes two sorted runs to out. The first run wins where both are equal,
// which is what keeps their order.
func merge(out, a, b []int, less func(a, b int) (bool, error)) error {
	for i := range out {
		second := len(a) == 0
		if !second && len(b) > 0 {
			var err error
			if second, err = less(b[0], a[0]); err != nil {
				return err
			}
		}
		if second {
			out[i], b = b[0], b[1:]
		} else {
			out[i], a = a[0], a[1:]
		}
	}
	return nil
}
