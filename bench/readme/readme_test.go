package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/bench/internal/results"
)

func record(model, threads string, programs ...results.Program) *results.Record {
	return &results.Record{
		Model: model, Threads: threads, Programs: programs,
		Machine: results.Machine{CPU: "C, model 7", Flags: []string{"avx2", "fma"}, Cores: 2},
	}
}

func rounds(name string, decode, load float64, others ...float64) results.Program {
	p := results.Program{Name: name}
	for i, o := range others {
		m := results.Measures{Load: load, Peak: 100, Others: o, Prefill: map[string]float64{"1": 9}, Decode: map[string]float64{"0": decode + float64(i)}}
		if name == "coreml" {
			m.Arithmetic, m.Instructions = "fast", "AVX-512"
		}
		p.Rounds = append(p.Rounds, m)
	}
	return p
}

func TestATableHasARowForWhatWasMeasuredAndNoneForWhatWasNot(t *testing.T) {
	got := markdown([]*results.Record{
		record("small", "1", rounds("coreml", 20, 5, 0, 0.3, 0), rounds("llama.cpp", 9, 50, 0, 0, 0)),
		record("large", "1", rounds("coreml", 2, 5, 0)),
		record("small", "2", rounds("coreml", 30, 5, 0, 0, 0), rounds("OpenVINO GenAI", 61, 500, 0, 0, 0)),
	})
	want := `Medians of 1 to 3 rounds, in each of which every program ran once on the same 4-bit weights, on 2 cores of C, model 7; avx2 fma. This project's kernels: AVX-512.
Figures in the rows with bold heads are this project's; those below say how many times better they are than another program's:
above 1 this project is faster, or uses less memory. What was not measured had 0.30 cores of the machine at most; the rounds of a
rate lay within 0 % of each other in the middle, 20 % at worst.

| small | token at 0 | load | load and first token | memory |
|---|---|---|---|---|
| **fast, 1 thread** | 21 tokens/s | 5 ms | 5 ms | 100 MiB |
| against llama.cpp | 2.10 | 10 | 10 | 1.00 |
| **fast, 2 threads** | 31 tokens/s | 5 ms | 5 ms | 100 MiB |
| against OpenVINO GenAI | 0.50 | 100 | 100 | 1.00 |

| large | token at 0 | load | load and first token | memory |
|---|---|---|---|---|
| **fast, 1 thread** | 2 tokens/s | 5 ms | 5 ms | 100 MiB |
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFiguresOfTwoMachinesAreNotOneTable(t *testing.T) {
	other := record("small", "1", rounds("coreml", 20, 5, 0))
	other.Machine.CPU = "D"
	got := markdown([]*results.Record{record("small", "1", rounds("coreml", 20, 5, 0)), other})
	if strings.Count(got, "| small |") != 2 || !strings.Contains(got, "cores of D") {
		t.Errorf("got\n%s", got)
	}
}

func TestAPageKeepsWhatIsAroundTheTables(t *testing.T) {
	path, lines := filepath.Join(t.TempDir(), "README.md"), marks("")
	for _, text := range []string{"new\n", "newer\n"} {
		page := "above\n" + lines.begin + "old\n" + lines.end + "below\n"
		if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := update(path, lines, text); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if want := "above\n" + lines.begin + text + lines.end + "below\n"; string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	other := marks("other")
	for _, page := range []string{"", lines.begin, lines.end + lines.begin, other.begin + other.end} {
		if _, err := lines.replace(page, "new\n"); err == nil {
			t.Errorf("%q was changed", page)
		}
	}
}
