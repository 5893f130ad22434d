package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"
)

func TestUpward(t *testing.T) {
	tests := []struct {
		name  string
		files []string
		refs  []ref
		want  []ref
	}{
		{
			"files in layers have an order, whatever their names are",
			[]string{"a.go", "b.go", "c.go"},
			[]ref{{"a.go", "b.go", "f"}, {"a.go", "c.go", "g"}, {"b.go", "c.go", "g"}},
			nil,
		},
		{
			"of a circle the fewest references run against the order",
			[]string{"a.go", "b.go"},
			[]ref{{"a.go", "b.go", "f"}, {"a.go", "b.go", "g"}, {"b.go", "a.go", "h"}},
			[]ref{{"b.go", "a.go", "h"}},
		},
		{"a lone file uses nothing", []string{"a.go"}, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &pkg{files: slices.Clone(test.files), refs: test.refs}
			if got := p.upward(); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v (order %v)", got, test.want, p.files)
			}
			slices.Sort(p.files)
			if !slices.Equal(p.files, test.files) {
				t.Errorf("the order holds %v, want the files %v", p.files, test.files)
			}
		})
	}
}

// TestNoOrderOfFewFilesIsBetter tries every order of random packages.
func TestNoOrderOfFewFilesIsBetter(t *testing.T) {
	worse := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := &pkg{files: []string{"0", "1", "2", "3", "4", "5"}}
		for i := range 14 {
			from, to := r.IntN(6), r.IntN(6)
			if from != to {
				p.refs = append(p.refs, ref{fmt.Sprint(from), fmt.Sprint(to), fmt.Sprint(i)})
			}
		}
		least := len(p.refs)
		permute(slices.Clone(p.files), 0, func(files []string) {
			n := 0
			for _, r := range p.refs {
				if slices.Index(files, r.to) > slices.Index(files, r.from) {
					n++
				}
			}
			least = min(least, n)
		})
		got := len(p.upward())
		if got < least {
			t.Fatalf("seed %d: %d references run against the order, fewer than the least, %d", seed, got, least)
		}
		if got > least {
			worse++
		}
	}
	if worse > 10 {
		t.Errorf("%d of 200 orders are not the best", worse)
	}
}

func permute(files []string, k int, visit func([]string)) {
	if k == len(files) {
		visit(files)
		return
	}
	for i := k; i < len(files); i++ {
		files[k], files[i] = files[i], files[k]
		permute(files, k+1, visit)
		files[k], files[i] = files[i], files[k]
	}
}

// TestThisPackageHasAnOrder reads this package itself, with the go command.
func TestThisPackageHasAnOrder(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command here to list packages with")
	}
	pkgs, err := load([]string{"."})
	if err != nil {
		t.Fatal(err)
	}
	if len(pkgs) != 1 || len(pkgs[0].files) != 3 {
		t.Fatalf("got %v", pkgs)
	}
	if up := pkgs[0].upward(); len(up) > 0 {
		t.Errorf("against the order: %v", up)
	}
	if got, want := pkgs[0].files[0], "order.go"; got != want {
		t.Errorf("the first file is %s, want %s, which needs no other", got, want)
	}
}

// TestWhatCannotBeReadIsAnError makes a package of its own for each case.
func TestWhatCannotBeReadIsAnError(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command here to list packages with")
	}
	for name, file := range map[string]string{
		"a package that does not compile": "package p\n\nfunc f() { g() }\n",
		"a package that does not parse":   "package p\n\nfunc f( {\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for path, text := range map[string]string{"go.mod": "module p\n\ngo 1.26.0\n", "p.go": file} {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if pkgs, err := load([]string{"."}); err == nil {
				t.Errorf("it was read as %d packages", len(pkgs))
			}
		})
	}
}
