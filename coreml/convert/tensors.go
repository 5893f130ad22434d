package convert

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/internal/checkpoint"
	"github.com/gocoreml/coreml/internal/modelgen"
)

// tensors says where the weights of each role lie in a checkpoint.
type tensors map[modelgen.Role]ref

// ref says where a weight lies: which tensor, and what of it.
type ref struct {
	// module is the name of the module, with # for the number of the layer. The name of
	// its matrix or gain ends in .weight, that of its bias in .bias.
	module string
	// also is another name of the module, for checkpoints that lack the first.
	also string
	// or lists other places where the weight may lie, for checkpoints that have neither.
	or []ref
	// fused are the roles whose weights lie one behind the other in the tensor, this one's
	// among them; nil where it has the tensor for itself.
	fused []modelgen.Role
	// rows takes a part of the tensor's rows, for matrices that are stored together
	// otherwise.
	rows *rows
	// transposed says that the matrix is stored as [inputs, outputs]; rows then counts the
	// outputs all the same.
	transposed bool
	// plus is added to every element but those of biases, as by norms that multiply with 1 + weight.
	plus float32
	// all says that the weight is the tensors of module.0, module.1, ... one behind the
	// other, as many as this; 0 stands for the one tensor of module. A second # in the
	// module stands for their number.
	all int
	// stack says that the first dimension is stored as two, of which the first is this: so
	// many matrices lie one below the other, or so many vectors. 0 stands for one
	// dimension. Rows counts those of all.
	stack int
	// bare says that the module is itself the tensor, whose name has no ending.
	bare bool
}

// fuse says that the weights of several roles lie in one tensor, one behind the other.
func (t tensors) fuse(module string, roles ...modelgen.Role) {
	for _, r := range roles {
		t[r] = ref{module: module, fused: roles}
	}
}

// fusedRows is the part of a weight in the tensor that it shares with others. Lengths are
// the rows of all weights of the model: they may differ from layer to layer.
func (f ref) fusedRows(w modelgen.Weight, lengths map[key]int) *rows {
	p := &rows{n: w.Rows}
	for _, r := range f.fused {
		if r == w.Role {
			p.from = p.total
		}
		p.total += lengths[key{r, w.Layer, w.Bias}]
	}
	return p
}

// rows are of each run of every rows the first n, after the first from: of
// [q0 k0 v0 q1 k1 v1 ...] the rows of all k are those from d, of n d in every 3d. Where
// the part is one run, every is 0. The tensor has total rows.
type rows struct{ from, n, every, total int }

// at returns the place of row r of the part.
func (p *rows) at(r int) int {
	if p.every == 0 {
		return p.from + r
	}
	return p.from + r/p.n*p.every + r%p.n
}

// run returns how many rows from r on follow each other.
func (p *rows) run(r int) int {
	if p.every == 0 {
		return p.n - r
	}
	return p.n - r%p.n
}

// names returns the tensors of a weight, of the module with that name.
func (f ref) names(module string, w modelgen.Weight) []string {
	ending := ".weight"
	switch {
	case f.bare:
		ending = ""
	case w.Bias:
		ending = ".bias"
	}
	name := module
	if w.Layer != modelgen.NoLayer {
		name = strings.Replace(name, "#", strconv.Itoa(w.Layer), 1)
	}
	if f.all == 0 {
		return []string{name + ending}
	}
	var list []string
	for i := range f.all {
		list = append(list, strings.Replace(name, "#", strconv.Itoa(i), 1)+ending)
	}
	return list
}

// view is a weight as the graph wants it: of one tensor or several, in part or turned.
type view struct {
	ref
	parts []checkpoint.Tensor
	// names are those of the tensors in the checkpoint.
	names      []string
	rows, cols int    // cols 0 is a vector
	weight     string // the name of the value in the program
	// codeBits is the width of the codes that are carried over, 0 where the weight is decoded.
	codeBits int
}

// Name says where the weight lies: the tensor's name, with the rows behind it where it is
// a part of it.
func (v *view) Name() string {
	name := strings.Join(v.names, " ")
	switch p := v.ref.rows; {
	case p == nil:
	case p.every == 0:
		name += fmt.Sprintf("[%d:%d]", p.from, p.from+p.n)
	default:
		name += fmt.Sprintf("[%d:%d:%d]", p.from, p.from+p.n, p.every)
	}
	return name
}

// stored is the shape that each of the tensors must have.
func (v *view) stored() []int {
	rows := v.rows
	if v.all > 0 {
		rows /= v.all
	}
	if p := v.ref.rows; p != nil {
		rows = p.total
	}
	shape := []int{rows, v.cols}
	switch {
	case v.cols == 0:
		shape = []int{rows}
	case v.transposed:
		shape = []int{v.cols, rows}
	}
	if v.stack > 0 {
		shape = append([]int{v.stack, shape[0] / v.stack}, shape[1:]...)
	}
	return shape
}

// width is the number of elements in a row.
func (v *view) width() int { return max(v.cols, 1) }

// read decodes rows of the weight.
func (v *view) read(ctx context.Context, from, to int, dst []float32) error {
	var err error
	switch {
	case v.transposed && v.cols > 0:
		err = v.readTurned(ctx, from, to, dst)
	case v.all > 0:
		err = v.readAll(ctx, from, to, dst)
	default:
		err = v.readRuns(ctx, from, to, dst)
	}
	if v.plus != 0 {
		for i := range dst {
			dst[i] += v.plus
		}
	}
	return err
}

// readRuns reads rows that follow each other at once.
func (v *view) readRuns(ctx context.Context, from, to int, dst []float32) error {
	p, w := v.ref.rows, v.width()
	if p == nil {
		return v.parts[0].Rows(ctx, from, to, dst)
	}
	for r := from; r < to; {
		n := min(p.run(r), to-r)
		at := p.at(r)
		if err := v.parts[0].Rows(ctx, at, at+n, dst[(r-from)*w:(r-from+n)*w]); err != nil {
			return err
		}
		r += n
	}
	return nil
}

// readAll reads of several tensors, one behind the other.
func (v *view) readAll(ctx context.Context, from, to int, dst []float32) error {
	each, w := v.rows/v.all, v.width()
	for r := from; r < to; {
		i, at := r/each, r%each
		n := min(each-at, to-r)
		if err := v.parts[i].Rows(ctx, at, at+n, dst[(r-from)*w:(r-from+n)*w]); err != nil {
			return err
		}
		r += n
	}
	return nil
}

// readTurned reads columns of a matrix that is stored turned. All rows of it are read for
// each call, a few at a time.
func (v *view) readTurned(ctx context.Context, from, to int, dst []float32) error {
	t := v.parts[0]
	inputs, outputs := t.Shape()[0], t.Shape()[1]
	const few = 64
	buf := make([]float32, min(few, inputs)*outputs)
	for i := 0; i < inputs; i += few {
		n := min(few, inputs-i)
		if err := t.Rows(ctx, i, i+n, buf[:n*outputs]); err != nil {
			return err
		}
		for r := from; r < to; r++ {
			at := r
			if v.ref.rows != nil {
				at = v.ref.rows.at(r)
			}
			row := dst[(r-from)*inputs+i:]
			for k := range n {
				row[k] = buf[k*outputs+at]
			}
		}
	}
	return nil
}
