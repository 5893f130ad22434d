package plan

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/engine/portable/array"
	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/mil"
)

// Exporters write the arithmetic of shapes anew in every layer: the shape of a slice of
// the cache, and out of it how often to repeat the heads. In each of them it comes to
// the same, for any length of the text, and yet a step of generation would compute it
// for each. share finds the steps that surely give the same integers and leaves one.

// shareable are the operators of that arithmetic. Each gives integers that follow from
// the values of its operands, or for shape from the shape of its operand, and from
// nothing else.
var shareable = set(
	"shape", "cast", "gather", "concat", "stack", "expand_dims", "squeeze", "reshape", "slice_by_index", "slice_by_size", "select",
	"add", "sub", "mul", "real_div", "floor_div", "mod", "maximum", "minimum",
	"equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
	"logical_and", "logical_or", "logical_not",
)

// shaping are operators that give a value a shape which follows from the shape of
// operand 0 and from the values of the others.
var shaping = set("slice_by_index", "slice_by_size", "expand_dims", "squeeze", "reshape", "transpose", "tile", "cast", "identity")

// maxShared bounds the elements of constants that are compared: shapes, axes, masks.
const maxShared = 16

func set(names ...string) map[string]bool {
	s := map[string]bool{}
	for _, n := range names {
		s[n] = true
	}
	return s
}

// sharer is the work area of share. A number stands for a value or a shape: what has the
// same number is the same in every prediction.
type sharer struct {
	p       *Plan
	env     *op.Env
	numbers map[string]int32
	count   int32   // of numbers that are given
	value   []int32 // of each slot, its value's number
	shape   []int32 // of each slot, its shape's number
	fixed   []bool  // of each slot, whether the environment has its shape, as it is in every prediction
	outputs map[int32]bool
}

// share lets later steps read the results of earlier ones that are the same. Only
// results that are declared alike are taken for the same, so that what a rehearsal
// compares with declarations stays what it was.
func (pl *planner) share() {
	p := pl.p
	s := &sharer{
		p: p, env: pl.foldingEnv(), numbers: map[string]int32{}, count: 2 * int32(len(p.Slots)),
		value: make([]int32, len(p.Slots)), shape: make([]int32, len(p.Slots)), fixed: make([]bool, len(p.Slots)), outputs: map[int32]bool{},
	}
	for _, o := range p.Body.Outs {
		s.outputs[o] = true
	}
	for k := range p.Slots {
		s.start(int32(k))
	}
	first := map[string]int32{} // of the steps that stay, the slot of the result
	instead := map[int32]int32{}
	kept := p.Body.Steps[:0]
	work := array.Counter{Poller: &p.load}
	for _, st := range p.Body.Steps {
		work.Add(array.PollEvery / 256) // as lowering counts an operation
		replace(st, instead)
		s.shapes(st)
		key, ok := s.key(st)
		if !ok {
			kept = append(kept, st)
			continue
		}
		if earlier, ok := first[key]; ok {
			instead[st.Out[0]] = earlier
			continue
		}
		first[key] = st.Out[0]
		kept = append(kept, st)
	}
	if n := len(p.Body.Steps) - len(kept); n > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("shared: %d steps that give the integers of others", n))
	}
	clear(p.Body.Steps[len(kept):])
	p.Body.Steps = kept
}

// start numbers a slot. Whatever is no small constant has a number of its own.
func (s *sharer) start(k int32) {
	s.value[k], s.shape[k] = 2*k, 2*k+1
	c := s.p.Slots[k].Const
	if c == nil {
		return
	}
	s.fix(k, c.Shape())
	if key, ok := constantKey(c); ok {
		s.value[k] = s.number(key)
	}
}

// number returns the number of what a text describes.
func (s *sharer) number(text string) int32 {
	n, ok := s.numbers[text]
	if !ok {
		n = s.count
		s.numbers[text] = n
		s.count++
	}
	return n
}

// fix notes a shape that no prediction changes.
func (s *sharer) fix(k int32, dims []int) {
	s.fixed[k], s.shape[k] = true, s.number(fmt.Sprint("dimensions ", dims))
}

// constantKey describes a small constant to the bit.
func constantKey(c *array.Value) (string, bool) {
	if c.Len() > maxShared || !c.Dense {
		return "", false
	}
	key := fmt.Sprint("constant ", c.DType, c.Shape(), " ")
	switch c.Repr {
	case array.ReprI32:
		for _, x := range c.I32[:c.Len()] {
			key += string(binary.LittleEndian.AppendUint32(nil, uint32(x)))
		}
	case array.ReprF32:
		for _, x := range c.F32[:c.Len()] {
			key += string(binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
		}
	case array.ReprText:
		return key + fmt.Sprintf("%q", c.Text), true
	default:
		return "", false
	}
	return key, true
}

// replace lets a step, its parts and what it nests read other slots.
func replace(st *Step, instead map[int32]int32) {
	if len(instead) == 0 {
		return
	}
	swap := func(list []int32) {
		for k, s := range list {
			if other, ok := instead[s]; ok {
				list[k] = other
			}
		}
	}
	swap(st.In)
	swap(st.List)
	for _, part := range st.Parts {
		replace(part, instead)
	}
	for _, b := range st.Blocks {
		for _, inner := range b.Steps {
			replace(inner, instead)
		}
		swap(b.Outs)
	}
}

// shapes numbers the shapes of a step's results.
func (s *sharer) shapes(st *Step) {
	if len(st.Out) != 1 || st.Blocks != nil {
		return
	}
	out := st.Out[0]
	if st.State >= 0 {
		s.fix(out, s.p.States[st.State].Shape)
		s.env.Values[out].Forget()
		if s.env.Values[out].SetShape(s.p.States[st.State].Shape...) != nil {
			s.fixed[out] = false
		}
		return
	}
	if st.Parts != nil || len(st.In) == 0 || st.In[0] < 0 || len(st.List) > 1 || !shaping[st.Def.Name] {
		return
	}
	if dims, ok := s.computed(st); ok {
		s.fix(out, dims)
		return
	}
	key := fmt.Sprint("shape ", st.Def.Name, " ", s.shape[st.In[0]])
	for _, k := range st.In[1:] {
		key += s.operand(k)
	}
	s.shape[out] = s.number(key)
}

// operand is the number of an operand's value in a key. An absent one has none.
func (s *sharer) operand(k int32) string {
	if k < 0 {
		return " -"
	}
	return fmt.Sprint(" ", s.value[k])
}

// computed runs a step's shape rule where all that it may ask for is known.
func (s *sharer) computed(st *Step) (dims []int, ok bool) {
	if !s.fixed[st.In[0]] {
		return nil, false
	}
	for _, k := range st.In[1:] {
		if k >= 0 && s.p.Slots[k].Const == nil {
			return nil, false
		}
	}
	defer func() {
		if r := recover(); r != nil {
			dims, ok = nil, false // the prediction meets it too
			throwOn(r)
		}
	}()
	v := &s.env.Values[st.Out[0]]
	c := &op.Call{Env: s.env, Step: &st.Binding}
	found, err := c.Attempt(op.Shape)
	if !found || err != nil {
		return nil, false
	}
	v.Forget()
	return v.Shape(), true
}

// key describes a step of the arithmetic of shapes by what its result follows from.
func (s *sharer) key(st *Step) (string, bool) {
	if st.State >= 0 || st.Blocks != nil || st.Parts != nil || st.Data != nil || len(st.Out) != 1 || !shareable[st.Def.Name] {
		return "", false
	}
	out := st.Out[0]
	t := &s.p.Slots[out].Type
	if s.outputs[out] || t.Kind != mil.Tensor || t.DType.IsFloat() || t.DType == dtype.String {
		return "", false
	}
	key := fmt.Sprint(st.Def.Name, " ", t)
	if st.Def.ShapeOnly {
		return key + fmt.Sprint(" ", s.shape[st.In[0]]), true
	}
	for _, k := range st.List {
		key += s.operand(k)
	}
	key += ";"
	for _, k := range st.In {
		key += s.operand(k)
	}
	return key, true
}
