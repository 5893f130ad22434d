package portable

import "fmt"

// A list is a tensor with one more dimension in front: the places of the list.
// Writing to a list gives a new one, as the program states it.
func init() {
	add(
		operator{
			// The shape of the elements is a tuple, which may be empty.
			name: "make_list", params: []param{{name: "elem_shape"}, {name: "init_length"}, {name: "dynamic_length"}, {name: "dtype"}},
			shape: makeListShape, eval: makeList, exact: true,
		},
		operator{name: "list_length", params: in("ls"), shape: scalarShape, eval: listLength, exact: true, shapeOnly: true},
		operator{name: "list_read", params: in("ls", "index!"), shape: listReadShape, eval: listRead, exact: true},
		operator{name: "list_gather", params: in("ls", "indices!"), shape: listGatherShape, eval: listRead, exact: true},
		operator{name: "list_write", params: in("ls", "index!", "value!"), shape: listWriteShape, eval: listWrite, exact: true},
		operator{name: "list_scatter", params: in("ls", "indices!", "value!"), shape: listScatterShape, eval: listWrite, exact: true},
	)
}

// makeListShape reads the number of places and the shape of the elements. A size
// that only a name stands for is set by the first element that is written: until
// then it is 0.
func makeListShape(c *call) error {
	n, err := c.intIn(1, 1)
	if err != nil {
		return err
	}
	if c.listLen() >= maxRank {
		return fmt.Errorf("elements of rank %d, the limit is %d", c.listLen(), maxRank-1)
	}
	var dims [maxRank]int
	dims[0] = n
	for k := range c.listLen() {
		v := c.item(k)
		if v.repr == reprText {
			continue
		}
		if v.len() != 1 {
			return fmt.Errorf("size %d of the elements is of shape %v", k, v.shapeCopy())
		}
		dims[1+k] = int(c.i32(v)[0])
	}
	return c.out(0).setShape(dims[:1+c.listLen()]...)
}

func makeList(c *call) error {
	if c.floatOut(0) {
		setAll(&c.fr.poller, c.newF32(0), 0)
	} else {
		setAll(&c.fr.poller, c.newI32(0), 0)
	}
	return nil
}

// scalarShape gives output 0 rank 0.
func scalarShape(c *call) error { return c.out(0).setShape() }

func listLength(c *call) error {
	n, err := c.places()
	if err != nil {
		return err
	}
	c.newI32(0)[0] = int32(n)
	return nil
}

// places returns the length of the list, operand 0.
func (c *call) places() (int, error) {
	ls := c.in(0)
	if ls.rank == 0 {
		return 0, fmt.Errorf("ls is not a list")
	}
	return ls.dims[0], nil
}

func listReadShape(c *call) error {
	if _, err := c.places(); err != nil {
		return err
	}
	if at := c.in(1); at.len() != 1 {
		return fmt.Errorf("index of shape %v", at.shapeCopy())
	}
	ls := c.in(0)
	return c.out(0).setShape(ls.dims[1:ls.rank]...)
}

func listGatherShape(c *call) error {
	if _, err := c.places(); err != nil {
		return err
	}
	at := c.in(1)
	if at.rank != 1 {
		return fmt.Errorf("indices of shape %v", at.shapeCopy())
	}
	dims := c.in(0).dims
	dims[0] = at.dims[0]
	return c.out(0).setShape(dims[:c.in(0).rank]...)
}

// listRead copies the elements at one place or several.
func listRead(c *call) error {
	n, err := c.places()
	if err != nil {
		return err
	}
	ls, at := c.in(0), c.intsIn(1)
	if c.out(0).len() == 0 {
		at = nil
	}
	for _, k := range at {
		if k < 0 || int(k) >= n {
			return fmt.Errorf("index %d is outside a list of %d places", k, n)
		}
	}
	size := ls.span(1, ls.rank)
	if ls.isInt() {
		pickRows(&c.fr.poller, c.newI32(0), c.i32(ls), at, size)
	} else {
		pickRows(&c.fr.poller, c.newF32(0), c.f32(ls), at, size)
	}
	return nil
}

func pickRows[T any](p *poller, dst, src []T, at []int32, size int) {
	p.lanes(len(at), size, func(k int) { copyPieces(p, dst[k*size:(k+1)*size], src[int(at[k])*size:]) })
}

// grownShape gives output 0 the shape of the list with enough places for the
// indices, and the elements' shape where the list has none yet.
func (c *call) grownShape(element []int) error {
	n, err := c.places()
	if err != nil {
		return err
	}
	ls := c.in(0)
	if len(element) != ls.rank-1 && ls.rank != 1 {
		return fmt.Errorf("value of shape %v in a list of shape %v", append([]int(nil), element...), ls.shapeCopy())
	}
	for d, size := range element {
		if ls.len() > 0 && (1+d >= ls.rank || ls.dims[1+d] != size) {
			return fmt.Errorf("value of shape %v in a list of shape %v", append([]int(nil), element...), ls.shapeCopy())
		}
	}
	for _, k := range c.intsIn(1) {
		if k < 0 {
			return fmt.Errorf("index %d is negative", k)
		}
		n = max(n, int(k)+1)
	}
	if len(element) >= maxRank {
		return fmt.Errorf("value of rank %d", len(element))
	}
	var dims [maxRank]int
	dims[0] = n
	copy(dims[1:], element)
	return c.out(0).setShape(dims[:1+len(element)]...)
}

func listWriteShape(c *call) error {
	if at := c.in(1); at.len() != 1 {
		return fmt.Errorf("index of shape %v", at.shapeCopy())
	}
	return c.grownShape(c.in(2).shape())
}

func listScatterShape(c *call) error {
	at, v := c.in(1), c.in(2)
	if at.rank != 1 || v.rank == 0 || v.dims[0] != at.dims[0] {
		return fmt.Errorf("indices of shape %v and value of shape %v", at.shapeCopy(), v.shapeCopy())
	}
	return c.grownShape(v.dims[1:v.rank])
}

// listWrite copies the list and sets the elements at the indices.
func listWrite(c *call) error {
	ls, at, v := c.in(0), c.intsIn(1), c.in(2)
	size := c.out(0).span(1, c.out(0).rank)
	if v.isInt() {
		putRows(&c.fr.poller, c.newI32(0), c.i32(ls), c.i32(v), at, size)
	} else {
		putRows(&c.fr.poller, c.newF32(0), c.f32(ls), c.f32(v), at, size)
	}
	return nil
}

func putRows[T any](p *poller, dst, old, rows []T, at []int32, size int) {
	setAll(p, dst[copyPieces(p, dst, old):], *new(T))
	p.lanes(len(at), size, func(k int) {
		i := int(at[k])
		copyPieces(p, dst[i*size:(i+1)*size], rows[k*size:])
	})
}
