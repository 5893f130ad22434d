package portable_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/gocoreml/coreml/internal/engine"
	"github.com/gocoreml/coreml/internal/engine/portable"
	"github.com/gocoreml/coreml/tensor"
)

func benchModel(b *testing.B, name string) {
	prog, err := portable.Engine{}.Load(b.Context(), engine.Source{Path: filepath.Join(os.Getenv("COREML_FIXTURES"), name+"/model.mlpackage")}, engine.Config{Arithmetic: engine.Fast, Threads: 1})
	if err != nil {
		b.Fatal(err)
	}
	st, _ := prog.NewState()
	d := prog.Description()
	mk := func(n int) []*tensor.Tensor {
		in := make([]*tensor.Tensor, len(d.Inputs))
		for k := range in {
			s := append([]int(nil), d.Inputs[k].Shape...)
			if len(s) == 4 {
				s[3] = n
				s[2] = 1
			} else {
				s[len(s)-1] = 1
			}
			in[k] = tensor.New(d.Inputs[k].DType, s...)
		}
		return in
	}
	var ins [][]*tensor.Tensor
	for n := 64; n < 104; n++ {
		ins = append(ins, mk(n))
	}
	out := make([]*tensor.Tensor, len(d.Outputs))
	for _, in := range ins {
		if err := prog.Predict(b.Context(), in, out, st); err != nil {
			b.Fatal(err)
		}
	}
	cpu := func() int64 {
		var r syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &r)
		return r.Utime.Nano() + r.Stime.Nano()
	}
	b.ReportAllocs()
	b.ResetTimer()
	c0 := cpu()
	for i := 0; i < b.N; i++ {
		if err := prog.Predict(b.Context(), ins[i%len(ins)], out, st); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpu()-c0)/float64(b.N), "cpu-ns/op")
}

func BenchmarkStory(b *testing.B) { benchModel(b, "storyteller") }
func BenchmarkSmol(b *testing.B)  { benchModel(b, "smollm2") }
