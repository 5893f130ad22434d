package checkpoint

// Flat returns matrices of the same size in one tensor of three dimensions as one matrix,
// in which they lie one below the other; nil where a tensor is not that.
func Flat(t Tensor) Tensor {
	if len(t.Shape()) != 3 {
		return nil
	}
	switch t := t.(type) {
	case *Stored:
		return t.flat()
	case *packed:
		return t.flat()
	}
	return nil
}
