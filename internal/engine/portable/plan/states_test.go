package plan_test

import (
	"testing"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable/plan"
	"github.com/gocoreml/coreml/internal/mil"
)

// cache is a program under construction over a state of four halves.
type cache struct {
	b    *mil.Builder
	s, x *mil.Value
}

func (c cache) read() *mil.Value {
	return c.b.Op("read_state", "", f16(4), mil.Args{"input": c.s})
}

func (c cache) write(v *mil.Value) {
	c.b.Do("write_state", "", mil.Args{"input": c.s, "data": v})
}

// update replaces element at of old by x.
func (c cache) update(old *mil.Value, at int) *mil.Value { return c.updateWith(old, c.x, at, at+1) }

func (c cache) updateWith(old, v *mil.Value, from, to int) *mil.Value {
	return c.b.Op("slice_update", "", f16(4), mil.Args{"x": old, "update": v, "begin": c.b.Ints("", from), "end": c.b.Ints("", to)})
}

// part is a view of elements from to to-1.
func (c cache) part(x *mil.Value, from, to int) *mil.Value {
	return c.b.Op("slice_by_index", "", f16(to-from), mil.Args{"x": x, "begin": c.b.Ints("", from), "end": c.b.Ints("", to)})
}

func (c cache) output(name string, v *mil.Value) { c.b.Output(name, unary(c.b, "exp", v)) }

// What becomes of reads and updates: c for a copied read, v for a view, I for an update
// in place, u for one that copies; in the order of the steps.
func marks(p *plan.Plan) string {
	var list []byte
	for _, st := range p.Body.Steps {
		mark := byte(0)
		switch {
		case st.Def.Name == "read_state" && st.Copied:
			mark = 'c'
		case st.Def.Name == "read_state":
			mark = 'v'
		case st.Def.Name == "slice_update" && st.InPlace:
			mark = 'I'
		case st.Def.Name == "slice_update":
			mark = 'u'
		}
		if mark != 0 {
			list = append(list, mark)
		}
	}
	return string(list)
}

// The rules are in states.go; the numbers that these programs give are tested in the
// engine's own package. A read before an update that copies is taken to be read after
// the change, as nobody knows yet that the update will copy: one copy too many, and
// never a wrong number.
func TestStatesAreShownAndUpdatedInPlaceWhereNothingNotices(t *testing.T) {
	for _, test := range []struct {
		name string
		fill func(c cache)
		want string
	}{
		{"a read alone is a view", func(c cache) { c.output("y", c.read()) }, "v"},
		{"a read before a write is a view", func(c cache) {
			sum := binary(c.b, "add", c.read(), c.x)
			c.write(sum)
			c.output("y", sum)
		}, "v"},
		{"a read that is read after a write is copied", func(c cache) {
			old := c.read()
			c.write(binary(c.b, "add", old, c.x))
			c.output("y", old)
		}, "c"},
		{"a read that is an output is read at the very end", func(c cache) {
			old := c.read()
			c.write(binary(c.b, "add", old, c.x))
			c.b.Output("y", old)
		}, "c"},
		{"a read after the last write is a view", func(c cache) {
			c.write(binary(c.b, "add", c.read(), c.x))
			c.output("y", c.read())
		}, "vv"},
		{"an update that is written back is in place", func(c cache) {
			c.write(c.update(c.read(), 1))
			c.output("y", c.read())
		}, "vIv"},
		{"its result may be read after the write", func(c cache) {
			u := c.update(c.read(), 1)
			c.write(u)
			c.output("y", u)
		}, "vI"},
		{"the old content may be read before the update", func(c cache) {
			old := c.read()
			c.output("y", old)
			c.write(c.update(old, 1))
		}, "vI"},
		{"the old content is read after it", func(c cache) {
			old := c.read()
			c.write(c.update(old, 1))
			c.output("y", old)
		}, "cu"},
		{"a view of the old content is read after it", func(c cache) {
			old := c.read()
			view := c.part(old, 1, 3)
			c.write(c.update(old, 1))
			c.output("y", view)
		}, "cu"},
		{"a view of a view is", func(c cache) {
			old := c.read()
			view := c.part(c.part(old, 1, 4), 0, 2)
			c.write(c.update(old, 1))
			c.output("y", view)
		}, "cu"},
		{"the update reads a view of what it writes", func(c cache) {
			old := c.read()
			c.write(c.updateWith(old, c.part(old, 1, 4), 0, 3))
		}, "cu"},
		{"the update is not what is written", func(c cache) {
			u := c.update(c.read(), 1)
			c.write(binary(c.b, "add", u, c.x))
		}, "vu"},
		{"nothing writes the update back", func(c cache) { c.output("y", c.update(c.read(), 1)) }, "vu"},
		{"a read lies between update and write", func(c cache) {
			u := c.update(c.read(), 1)
			c.output("y", c.read())
			c.write(u)
		}, "cuc"},
		{"two updates of one read", func(c cache) {
			old := c.read()
			c.output("y", c.update(old, 0))
			c.write(c.update(old, 1))
		}, "cuu"},
		{"one update after the other, each written back", func(c cache) {
			c.write(c.update(c.read(), 0))
			c.write(c.update(c.read(), 1))
			c.output("y", c.read())
		}, "vIvIv"},
		{"an update of an update is in place once the first is written back", func(c cache) {
			c.write(c.update(c.update(c.read(), 0), 1))
		}, "vuu"},
		{"the result is read after the next change of the state", func(c cache) {
			u := c.update(c.read(), 0)
			c.write(u)
			c.write(c.update(c.read(), 1))
			c.output("y", u)
		}, "cuvI"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fill := func(b *mil.Builder) {
				c := cache{b, b.State("s", dtype.Float16, 4), b.Input("x", dtype.Float16, 1)}
				b.Output("x2", unary(b, "sin", c.x))
				test.fill(c)
			}
			if got := marks(planOf(t, fill)); got != test.want {
				t.Errorf("the steps are %q, want %q", got, test.want)
			}
			naive, err := plan.NewNaive(t.Context(), function(t, fill), engine.ArithmeticFaithful)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range marks(naive) {
				if m != 'c' && m != 'u' {
					t.Errorf("a naive plan does %q", marks(naive))
				}
			}
		})
	}
}

func TestStatesAreApartFromEachOther(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		x := b.Input("x", dtype.Float16, 1)
		k := cache{b, b.State("k", dtype.Float16, 4), x}
		v := cache{b, b.State("v", dtype.Float16, 4), x}
		old := k.read()
		v.write(v.update(v.read(), 0)) // changes nothing that old shows
		k.output("y", old)
	})
	if got := marks(p); got != "vvI" {
		t.Errorf("the steps are %q, want vvI", got)
	}
}

// How often a block runs is not known, so that positions say nothing.
func TestStatesThatBlocksTouchAreCopied(t *testing.T) {
	p := planOf(t, func(b *mil.Builder) {
		c := cache{b, b.State("s", dtype.Float16, 4), b.Input("x", dtype.Float16, 1)}
		give := func() *mil.Block {
			return b.Block(nil, func([]*mil.Value) []*mil.Value {
				u := c.update(c.read(), 1)
				c.write(u)
				return []*mil.Value{u}
			})
		}
		first := c.read()
		pred := b.Op("cast", "", bools(), mil.Args{"x": b.Input("n", dtype.Int32), "dtype": b.Text("", "bool")})
		b.Output("y", b.MultiOp("cond", "", []mil.Type{f16(4)}, mil.Args{"pred": pred}, give(), give())[0])
		c.output("z", first)
	})
	if got := marks(p); got != "c" {
		t.Errorf("outside of the block the steps are %q, want c", got)
	}
	for k, blk := range step(t, p, "cond").Blocks {
		if read, u := blk.Steps[0], blk.Steps[1]; !read.Copied || u.InPlace {
			t.Errorf("block %d: copied %v, in place %v", k, read.Copied, u.InPlace)
		}
	}
}
