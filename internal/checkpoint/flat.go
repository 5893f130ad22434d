package checkpoint

// Flat returns a tensor with its first two dimensions as one: matrices of the same size as
// one matrix, in which they lie one below the other, or vectors as one. It returns nil
// where a tensor has one dimension, or is stored in a form that is read of matrices only.
func Flat(t Tensor) Tensor {
	if len(t.Shape()) < 2 {
		return nil
	}
	switch t := t.(type) {
	case *Stored:
		return t.flat()
	case *packed:
		if t.stack > 0 {
			return t.flat()
		}
	}
	return nil
}
