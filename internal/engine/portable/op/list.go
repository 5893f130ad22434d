package op

import (
	"fmt"

	"github.com/gocoreml/coreml/internal/engine/portable/array"
)

// A list is a tensor with one more dimension in front: the places of the list.
// Writing to a list gives a new one, as the program states it. Lists come from loops
// over sequences, in recurrent layers that are written out; converters of language
// models make none, so a write copies the whole list.
func init() {
	add(
		Operator{
			// The shape of the elements is a tuple, which may be empty.
			Name: "make_list", Params: []Param{{Name: "elem_shape"}, {Name: "init_length"}, {Name: "dynamic_length"}, {Name: "dtype"}},
			Shape: makeListShape, Eval: makeList, Exact: true,
			Texts: Texts{"dtype": castTypes},
		},
		Operator{Name: "list_length", Params: in("ls"), Shape: listLengthShape, Eval: listLength, Exact: true, ShapeOnly: true},
		Operator{Name: "list_read", Params: in("ls", "index!"), Shape: listReadShape, Eval: listRead, Check: checkPlaces, Exact: true},
		Operator{Name: "list_gather", Params: in("ls", "indices!"), Shape: listGatherShape, Eval: listRead, Check: checkPlaces, Exact: true},
		Operator{Name: "list_write", Params: in("ls", "index!", "value!"), Shape: listWriteShape, Eval: listWrite, Exact: true, Note: "the list is copied"},
		Operator{Name: "list_scatter", Params: in("ls", "indices!", "value!"), Shape: listScatterShape, Eval: listWrite, Exact: true, Note: "the list is copied"},
	)
}

// What a program declares of a list is its element, while a value here is the list as a
// whole; dynamic_length and dtype say nothing that the declared type does not.

// makeListShape reads the number of places and the shape of the elements. A size
// that only a name stands for is set by the first element that is written: until
// then it is 0.
func makeListShape(c *Call) error {
	n, err := c.intIn(1, 1)
	if err != nil {
		return err
	}
	if c.listLen() >= array.MaxRank {
		return fmt.Errorf("elements of rank %d, the limit is %d", c.listLen(), array.MaxRank-1)
	}
	var dims [array.MaxRank]int
	dims[0] = n
	for k := range c.listLen() {
		v := c.item(k)
		if v.Repr == array.ReprText {
			continue
		}
		if v.Len() != 1 {
			return fmt.Errorf("size %d of the elements is of shape %v", k, v.ShapeCopy())
		}
		dims[1+k] = int(c.I32(v)[0])
	}
	return c.out(0).SetShape(dims[:1+c.listLen()]...)
}

// makeList fills the places with zeros.
func makeList(c *Call) error {
	if c.floatOut(0) {
		array.Fill(&c.Env.Poller, c.newF32(0), 0)
	} else {
		array.Fill(&c.Env.Poller, c.newI32(0), 0)
	}
	return nil
}

// listLengthShape gives output 0 rank 0.
func listLengthShape(c *Call) error {
	if _, err := c.places(); err != nil {
		return err
	}
	return c.out(0).SetShape()
}

// listLength gives the number of places.
func listLength(c *Call) error {
	n, err := c.places()
	if err != nil {
		return err
	}
	c.newI32(0)[0] = int32(n)
	return nil
}

// places returns the length of the list, operand 0.
func (c *Call) places() (int, error) {
	ls := c.In(0)
	if ls.Rank == 0 {
		return 0, fmt.Errorf("ls is not a list")
	}
	return ls.Dims[0], nil
}

// listReadShape gives the result the shape of an element.
func listReadShape(c *Call) error {
	if _, err := c.places(); err != nil {
		return err
	}
	if at := c.In(1); at.Len() != 1 {
		return fmt.Errorf("index of shape %v", at.ShapeCopy())
	}
	ls := c.In(0)
	return c.out(0).SetShape(ls.Dims[1:ls.Rank]...)
}

// listGatherShape gives the result a dimension for the indices and those of an element.
func listGatherShape(c *Call) error {
	if _, err := c.places(); err != nil {
		return err
	}
	at := c.In(1)
	if at.Rank != 1 {
		return fmt.Errorf("indices of shape %v", at.ShapeCopy())
	}
	dims := c.In(0).Dims
	dims[0] = at.Dims[0]
	return c.out(0).SetShape(dims[:c.In(0).Rank]...)
}

// listRead copies the elements at one place or several.
func listRead(c *Call) error {
	ls := c.In(0)
	at, err := c.placesIn()
	if err != nil {
		return err
	}
	size := ls.Span(1, ls.Rank)
	if ls.IsInt() {
		pickRows(&c.Env.Poller, c.newI32(0), c.I32(ls), at, size)
	} else {
		pickRows(&c.Env.Poller, c.newF32(0), c.F32(ls), at, size)
	}
	return nil
}

// placesIn returns the indices, operand 1, after a check of them; none where
// nothing is read. They do not count from the end.
func (c *Call) placesIn() ([]int32, error) {
	n, err := c.places()
	if err != nil || c.out(0).Len() == 0 {
		return nil, err
	}
	at := c.intsIn(1)
	for _, k := range at {
		if k < 0 || int(k) >= n {
			return nil, fmt.Errorf("index %d is outside a list of %d places", k, n)
		}
	}
	return at, nil
}

// pickRows copies rows at from src to dst, one after the other.
func pickRows[T any](p *array.Poller, dst, src []T, at []int32, size int) {
	p.Lanes(len(at), size, func(k int) { array.Copy(p, dst[k*size:(k+1)*size], src[int(at[k])*size:]) })
}

// grownShape gives output 0 the shape of the list with enough places for the
// indices, and the elements' shape where the list has none yet. A list grows whether or
// not dynamic_length says that it may.
func (c *Call) grownShape(element []int) error {
	n, err := c.places()
	if err != nil {
		return err
	}
	ls := c.In(0)
	if len(element) != ls.Rank-1 && ls.Rank != 1 {
		return fmt.Errorf("value of shape %v in a list of shape %v", append([]int(nil), element...), ls.ShapeCopy())
	}
	for d, size := range element {
		if ls.Len() > 0 && (1+d >= ls.Rank || ls.Dims[1+d] != size) {
			return fmt.Errorf("value of shape %v in a list of shape %v", append([]int(nil), element...), ls.ShapeCopy())
		}
	}
	for _, k := range c.intsIn(1) {
		if k < 0 {
			return fmt.Errorf("index %d is negative", k)
		}
		n = max(n, int(k)+1)
	}
	if len(element) >= array.MaxRank {
		return fmt.Errorf("value of rank %d", len(element))
	}
	var dims [array.MaxRank]int
	dims[0] = n
	copy(dims[1:], element)
	return c.out(0).SetShape(dims[:1+len(element)]...)
}

// listWriteShape lets the list grow to the index.
func listWriteShape(c *Call) error {
	if at := c.In(1); at.Len() != 1 {
		return fmt.Errorf("index of shape %v", at.ShapeCopy())
	}
	return c.grownShape(c.In(2).Shape())
}

// listScatterShape lets the list grow to the greatest index.
func listScatterShape(c *Call) error {
	at, v := c.In(1), c.In(2)
	if at.Rank != 1 || v.Rank == 0 || v.Dims[0] != at.Dims[0] {
		return fmt.Errorf("indices of shape %v and value of shape %v", at.ShapeCopy(), v.ShapeCopy())
	}
	return c.grownShape(v.Dims[1:v.Rank])
}

// listWrite copies the list and sets the elements at the indices. Of two elements for
// one place the last stays. The value says of what kind the list is, because an empty
// list has no content that would.
func listWrite(c *Call) error {
	ls, at, v := c.In(0), c.intsIn(1), c.In(2)
	size := c.out(0).Span(1, c.out(0).Rank)
	if v.IsInt() {
		putRows(&c.Env.Poller, c.newI32(0), c.I32(ls), c.I32(v), at, size)
	} else {
		putRows(&c.Env.Poller, c.newF32(0), c.F32(ls), c.F32(v), at, size)
	}
	return nil
}

// putRows copies old to dst and then the rows to their places. What the list grew by and
// was not written is zero.
func putRows[T any](p *array.Poller, dst, old, rows []T, at []int32, size int) {
	array.Fill(p, dst[array.Copy(p, dst, old):], *new(T))
	p.Lanes(len(at), size, func(k int) {
		i := int(at[k])
		array.Copy(p, dst[i*size:(i+1)*size], rows[k*size:])
	})
}

// checkPlaces looks at the indices into a list.
func checkPlaces(c *Call) error {
	_, err := c.placesIn()
	return err
}
