package op_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/internal/engine/portable/op"
	"github.com/gocoreml/coreml/internal/workpool"
)

// layer is a recurrent layer of random sizes and weights.
type layer struct {
	op                           string
	length, batch, input, hidden int
	direction                    string
	sequence, peep, bias, after  bool
	clip                         float64
	in                           operands
}

func (l *layer) String() string {
	return fmt.Sprintf("%s of %d steps, batch %d, %d inputs, %d hidden, %s, sequence %v, peepholes %v, bias %v, reset_after %v, clip %v",
		l.op, l.length, l.batch, l.input, l.hidden, l.direction, l.sequence, l.peep, l.bias, l.after, l.clip)
}

var gatesOf = map[string]int{"rnn": 1, "gru": 3, "lstm": 4}

func randomLayer(r *rand.Rand, op string) layer {
	l := layer{
		op: op, length: 1 + r.IntN(6), batch: 1 + r.IntN(3), input: 1 + r.IntN(20), hidden: 1 + r.IntN(180), direction: "forward",
		sequence: r.IntN(3) > 0, bias: r.IntN(2) == 0, clip: math.Inf(1),
	}
	if r.IntN(8) == 0 { // more inputs than are multiplied at a time
		l.length, l.hidden = 60+r.IntN(90), 1+r.IntN(12)
	}
	width := l.hidden
	switch n := r.IntN(3); {
	case n == 1:
		l.direction = "reverse"
	case n == 2 && op == "lstm":
		l.direction, width = "bidirectional", 2*l.hidden
	}
	rows := gatesOf[op] * l.hidden
	l.in = operands{
		"x": randomValue(r, []int{l.length, l.batch, l.input}), "initial_h": randomValue(r, []int{l.batch, width}),
		"direction": text(l.direction), "output_sequence": flag(l.sequence),
	}
	l.weights(r, "", rows)
	switch op {
	case "gru":
		if l.after = r.IntN(2) == 0; l.after {
			l.in["reset_after"] = flag(true)
			l.in["input_bias"] = randomValue(r, []int{rows})
		}
	case "lstm":
		l.in["initial_c"] = randomValue(r, []int{l.batch, width})
		l.peep = r.IntN(3) == 0
		if l.peep {
			l.in["peephole"] = randomValue(r, []int{3 * l.hidden})
		}
		if r.IntN(3) == 0 {
			l.clip = 0.5
			l.in["clip"] = num(0.5)
		}
		if l.direction == "bidirectional" {
			l.weights(r, "_back", rows)
			if l.peep {
				l.in["peephole_back"] = randomValue(r, []int{3 * l.hidden})
			}
		}
	}
	return l
}

// weights makes those of a direction, small enough that gates are not all shut or open.
func (l *layer) weights(r *rand.Rand, end string, rows int) {
	l.in["weight_ih"+end], l.in["weight_hh"+end] = randomValue(r, []int{rows, l.input}), randomValue(r, []int{rows, l.hidden})
	for _, name := range []string{"weight_ih", "weight_hh"} {
		for k := range l.in[name+end].F32 {
			l.in[name+end].F32[k] *= 0.2
		}
	}
	if l.bias {
		l.in["bias"+end] = randomValue(r, []int{rows})
	}
}

// number is element k of an operand, 0 where there is none.
func (l *layer) number(name string, k int) float64 {
	if v := l.in[name]; v != nil {
		return float64(v.F32[k])
	}
	return 0
}

// row multiplies a row of a weight by a vector.
func (l *layer) row(name string, r int, v []float64) (sum float64) {
	for k, x := range v {
		sum += l.number(name, r*len(v)+k) * x
	}
	return sum
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// plainly is the definition, in float64: results [length or 1, batch, width] and the last
// states.
func (l *layer) plainly() (out, last []float64) {
	directions := 1
	if l.direction == "bidirectional" {
		directions = 2
	}
	n, width := 1, directions*l.hidden
	if l.sequence {
		n = l.length
	}
	out, last = make([]float64, n*l.batch*width), make([]float64, l.batch*width)
	for d := range directions {
		for b := range l.batch {
			h, c := make([]float64, l.hidden), make([]float64, l.hidden)
			for k := range h {
				h[k] = l.number("initial_h", b*width+d*l.hidden+k)
				c[k] = l.number("initial_c", b*width+d*l.hidden+k)
			}
			for t := range l.length {
				from, to := t, t
				if l.direction == "reverse" || d == 1 {
					from = l.length - 1 - t
				}
				if d == 1 {
					to = from
				}
				if !l.sequence {
					to = 0
				}
				x := make([]float64, l.input)
				for k := range x {
					x[k] = l.number("x", (from*l.batch+b)*l.input+k)
				}
				h = l.step([]string{"", "_back"}[d], x, h, c)
				copy(out[(to*l.batch+b)*width+d*l.hidden:], h)
			}
			copy(last[b*width+d*l.hidden:], h)
		}
	}
	return out, last
}

// step returns the next state and changes the cell.
func (l *layer) step(end string, x, h, c []float64) []float64 {
	next, n := make([]float64, l.hidden), l.hidden
	gate := func(g, k int) float64 {
		return l.row("weight_ih"+end, g*n+k, x) + l.row("weight_hh"+end, g*n+k, h) + l.number("bias"+end, g*n+k)
	}
	reset := make([]float64, n)
	for k := range reset {
		if l.op == "gru" {
			reset[k] = logistic(gate(0, k) + l.number("input_bias", k))
		}
	}
	for k := range next {
		switch l.op {
		case "rnn":
			next[k] = math.Tanh(gate(0, k))
		case "gru":
			candidate := l.row("weight_ih", n+k, x) + l.number("input_bias", n+k)
			if l.after {
				candidate += reset[k] * (l.row("weight_hh", n+k, h) + l.number("bias", n+k))
			} else {
				seen := make([]float64, n)
				for j := range seen {
					seen[j] = reset[j] * h[j]
				}
				candidate += l.row("weight_hh", n+k, seen) + l.number("bias", n+k)
			}
			z := logistic(gate(2, k) + l.number("input_bias", 2*n+k))
			next[k] = (1-z)*math.Tanh(candidate) + z*h[k]
		case "lstm":
			peep := func(row int) float64 { return l.number("peephole"+end, row*n+k) * c[k] }
			i, f := logistic(gate(0, k)+peep(0)), logistic(gate(1, k)+peep(1))
			c[k] = min(max(f*c[k]+i*math.Tanh(gate(3, k)), -l.clip), l.clip)
			next[k] = logistic(gate(2, k)+peep(2)) * math.Tanh(c[k])
		}
	}
	return next
}

func TestLayersOfAnySizesAreTheirDefinition(t *testing.T) {
	two, three := workpool.New(2), workpool.New(3)
	defer two.Close()
	defer three.Close()
	r := rand.New(rand.NewPCG(13, 14))
	for k := range 120 {
		l := randomLayer(r, []string{"rnn", "gru", "lstm"}[k%3])
		out, last := l.plainly()
		n, width := len(out)/len(last), len(last)/l.batch
		want := f32(dims{n, l.batch, width}, narrow(out)...)
		more := results{f32(dims{l.batch, width}, narrow(last)...)}
		if l.op == "lstm" {
			more = append(more, nil)
		}
		x := example{name: l.String(), op: l.op, in: l.in, want: want, more: more, within: 4e-6}
		testExamples(t, []example{x})
		sameLayers(t, x, two)
		sameLayers(t, x, three)
	}
}

// sameLayers compares the bits of every result of one thread with those of several, with
// every kernel set.
func sameLayers(t *testing.T, x example, pool *workpool.Pool) {
	t.Helper()
	one := bind(t, &x, forms[0])
	if err := once(one); err != nil {
		t.Fatal(err)
	}
	withEveryKernelSet(t, x, pool, func(variant string, several *op.Call) {
		for _, s := range one.Step.Out {
			if a, b := one.F32(&one.Env.Values[s]), several.F32(&several.Env.Values[s]); !slices.Equal(a, b) {
				t.Fatalf("%s: %s and %d threads give %v, one of the best %v", x.name, variant, pool.Threads(), some(b), some(a))
			}
		}
	})
}

func narrow(x []float64) []float32 {
	f := make([]float32, len(x))
	for k, v := range x {
		f[k] = float32(v)
	}
	return f
}
