package mil

import "github.com/gocoreml/coreml/internal/dtype"

// checkType checks that a type is complete. Tuples, dictionaries and lists are
// not looked into: they come with classifiers and with lists of tensors, which
// no operator but a few takes. A state is allocated before the first
// prediction, so all of its dimensions must be known.
func checkType(t Type) error {
	if t.Kind == Tuple || t.Kind == Dictionary || t.Kind == List {
		return nil
	}
	if t.Kind > Dictionary {
		return bad(ErrType, "kind %d is not known", t.Kind)
	}
	if t.DType == dtype.Invalid {
		return bad(ErrType, "element type is missing")
	}
	if len(t.Shape) > MaxRank {
		return bad(ErrType, "%d dimensions are more than %d", len(t.Shape), MaxRank)
	}
	for _, d := range t.Shape {
		if d < 0 && d != Unknown {
			return bad(ErrType, "dimension of size %d", d)
		}
	}
	if t.Kind != State {
		return nil
	}
	n, ok := dtype.Count(t.Shape)
	if _, fits := t.DType.PackedLen(n); !ok || !fits || t.Variadic {
		return bad(ErrType, "a state needs a fixed size, %v has none", t)
	}
	return nil
}

// checkConst checks that a stored value has the type that is declared for it
// and as many bytes as that takes. Their number is compared with the type once,
// here, so that whoever reads elements needs no check at each. Longer is
// refused as well: the extra bytes would mean that type and content were not
// made together.
func (v *verifier) checkConst(x *Value) error {
	c := x.Const
	n, ok := dtype.Count(c.Shape)
	if !ok {
		return bad(ErrConst, "shape %v has no fixed size", c.Shape)
	}
	if x.Type.Kind == Tensor {
		stored := Type{DType: c.DType, Shape: c.Shape}
		if c.DType != x.Type.DType || !compatible(x.Type, stored) {
			return bad(ErrConst, "%v is stored where %v is declared", stored, x.Type)
		}
	} else if x.Type.Kind != List {
		return bad(ErrConst, "%v cannot be stored", x.Type)
	}
	if c.DType == dtype.String {
		if len(c.Strings) != n {
			return bad(ErrConst, "%d strings for %d elements", len(c.Strings), n)
		}
		return nil
	}
	want, ok := c.DType.PackedLen(n)
	if ok && v.references && c.Data == nil && c.Blob != "" {
		return nil
	}
	if !ok || len(c.Data) != want {
		return bad(ErrConst, "%d bytes for %d elements of %v", len(c.Data), n, c.DType)
	}
	return nil
}
