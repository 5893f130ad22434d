package generate_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// TestAFamilyIsAnElementOfTheList adds a family that no code of the package
// mentions. What finds, checks and runs families must know it by the list alone.
func TestAFamilyIsAnElementOfTheList(t *testing.T) {
	const name generate.Family = "odd"
	generate.AddFamily(t, generate.TestFamily{
		Name:    name,
		Matches: func(desc *coreml.Description) bool { return desc.Input("oddIds") != nil },
		Refuse: func(d *generate.Driver) error {
			if d.ContextLength > 3 {
				return &generate.DriverError{Field: "context", Reason: "is too long"}
			}
			return nil
		},
	})
	odd := &coreml.Description{Inputs: features{ints("oddIds", 1, -8)}, Outputs: features{floats("logits")}}
	d, err := generate.Detect(odd, nil)
	if err != nil || d.Family != name {
		t.Fatalf("detection gave %v, %v", d, err)
	}
	_, err = generate.Detect(odd, &generate.Driver{ContextLength: 4})
	wantDriverError(t, err, "context", "is too long")
	_, err = generate.Detect(odd, &generate.Driver{Family: "even"})
	wantDriverError(t, err, "family", "the families are odd, stateful, io-cache and no-cache")

	// A package of another family takes it when the driver says so.
	plain := &coreml.Description{Inputs: features{ints("ids", 1, -8)}, Outputs: features{floats("logits")}}
	if d, err := generate.Detect(plain, nil); err != nil || d.Family != generate.FamilyNoCache {
		t.Errorf("another package gave %v, %v", d, err)
	}
	g, err := generate.NewFake(&probe{rows: 2}, plain, nil, &generate.Config{Driver: &generate.Driver{Family: name}})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), []int{1, 2}); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestFamiliesHaveNamesOfTheirOwnAndTheLastTakesEverything(t *testing.T) {
	seen := map[generate.Family]int{}
	names, last := generate.FamilyNames()
	for _, name := range names {
		seen[name]++
	}
	if len(seen) != len(names) || seen[""] > 0 {
		t.Errorf("the names are %v", slices.Sorted(maps.Keys(seen)))
	}
	if !last(&coreml.Description{}) {
		t.Errorf("a package can be of no family: %s does not take it", names[len(names)-1])
	}
}

func TestASequenceReportsWhatALaneGives(t *testing.T) {
	g, err := generate.NewFake(&probe{rows: 1}, &coreml.Description{Inputs: features{ints("ids", 1, -8)}, Outputs: features{floats("logits")}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	s, err := g.NewSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if logits, err := s.Append(t.Context(), []int{1, 2, 3}); err != nil || len(logits) != 5 {
		t.Errorf("the row of the last token alone gave %v, %v", logits, err)
	}
	rows := 0
	err = s.AppendRows(t.Context(), []int{1, 2}, func(int, []float32) error { rows++; return nil })
	if !errors.Is(err, generate.ErrDriver) || rows != 0 || s.Len() != 3 {
		t.Errorf("every row where there is one gave %v, after %d rows and with %d tokens", err, rows, s.Len())
	}
}
