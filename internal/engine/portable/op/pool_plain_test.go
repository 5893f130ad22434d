package op_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocoreml/coreml/internal/workpool"
)

// windows is a pool of random sizes.
type windows struct {
	shape, size, stride, pad, after []int
	ceil, exclude                   bool
}

func randomWindows(r *rand.Rand) windows {
	for {
		w := windows{shape: []int{r.IntN(3), 1 + r.IntN(3)}, ceil: r.IntN(2) == 0, exclude: r.IntN(2) == 0}
		fits := true
		for range 1 + r.IntN(3) {
			n, k, pad, after := 1+r.IntN(14), 1+r.IntN(5), r.IntN(3), r.IntN(3)
			w.shape, w.size, w.stride = append(w.shape, n), append(w.size, k), append(w.stride, 1+r.IntN(4))
			w.pad, w.after = append(w.pad, pad), append(w.after, after)
			fits = fits && n+pad+after >= k
		}
		if fits {
			return w
		}
	}
}

// results is the number of windows in dimension d.
func (w *windows) results(d int) int {
	n, s := w.shape[2+d], w.stride[d]
	room := n + w.pad[d] + w.after[d] - w.size[d]
	if !w.ceil {
		return room/s + 1
	}
	out := (room+s-1)/s + 1
	if (out-1)*s >= n+w.pad[d] && w.pad[d]+w.after[d] > 0 {
		out--
	}
	return out
}

// plainly is the definition: of each window the maximum, the mean and the mean of the
// absolute values, which bounds the error.
func (w *windows) plainly(x []float32) (most, mean, bound []float64) {
	outs := []int{}
	for d := range w.size {
		outs = append(outs, w.results(d))
	}
	elements := product(w.shape[2:])
	for ch := range w.shape[0] * w.shape[1] {
		for p := range product(outs) {
			best, sum, abs, inside, places := math.Inf(-1), 0.0, 0.0, 0, 0
			for k := range product(w.size) {
				e, in, counts := w.meets(p, k, outs)
				if counts {
					places++
				}
				if in {
					v := float64(x[ch*elements+e])
					best, sum, abs = max(best, v), sum+v, abs+math.Abs(v)
					inside++
				}
			}
			if w.exclude {
				places = inside
			}
			n := float64(max(places, 1))
			most, mean, bound = append(most, best), append(mean, sum/n), append(bound, abs/n)
		}
	}
	return most, mean, bound
}

// meets returns which element place k of window p is, whether that lies in the input, and
// whether it lies there or in the padding.
func (w *windows) meets(p, k int, outs []int) (e int, inside, counts bool) {
	mul := 1
	inside, counts = true, true
	for d := len(w.size) - 1; d >= 0; d-- {
		i := p%outs[d]*w.stride[d] - w.pad[d] + k%w.size[d]
		p, k = p/outs[d], k/w.size[d]
		n := w.shape[2+d]
		inside, counts = inside && i >= 0 && i < n, counts && i < n+w.after[d]
		e += i * mul
		mul *= n
	}
	return e, inside, counts
}

func TestPoolsOfAnySizesAreTheirDefinition(t *testing.T) {
	pool := workpool.New(3)
	defer pool.Close()
	r := rand.New(rand.NewPCG(11, 12))
	for range 300 {
		w := randomWindows(r)
		name := fmt.Sprintf("%+v", w)
		x := randomValue(r, w.shape)
		var pads []int32
		for d := range w.pad {
			pads = append(pads, int32(w.pad[d]), int32(w.after[d]))
		}
		in := operands{
			"x": x, "kernel_sizes": someInts(w.size), "strides": someInts(w.stride), "pad_type": text("custom"), "pad": ints(pads...), "ceil_mode": flag(w.ceil),
		}
		most, mean, bound := w.plainly(x.F32)
		largest := example{op: "max_pool", in: in}
		got := floatsOf(t, largest)
		if len(got) != len(most) {
			t.Fatalf("%s: %d results, want %d", name, len(got), len(most))
		}
		for k, v := range got {
			if float64(v) != most[k] {
				t.Fatalf("%s: maximum %d is %v, want %v", name, k, v, most[k])
			}
		}
		sameOnAnyMachine(t, name, largest, pool, got)
		average := example{op: "avg_pool", in: with(in, operands{"exclude_padding_from_average": flag(w.exclude)})}
		got = floatsOf(t, average)
		for k, v := range got {
			if d := math.Abs(float64(v) - mean[k]); !(d <= bound[k]*float64(product(w.size)+2)/(1<<23)) {
				t.Fatalf("%s: mean %d is %v, want %v", name, k, v, mean[k])
			}
		}
		sameOnAnyMachine(t, name, average, pool, got)
	}
}
