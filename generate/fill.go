package generate

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/coreml"
)

// packageFunctions is a package with the descriptions of those of its functions
// that are known, in the package's order.
type packageFunctions struct {
	file      string // relative to the folder of the model; empty for the one that was opened
	functions []*coreml.Description
	// preprocessor reads how pictures are prepared, nil where there are no files.
	preprocessor func() (*ImagePixels, error)
}

// find returns the function of a name, or the default one for none.
func (p *packageFunctions) find(name string) *coreml.Description {
	for _, d := range p.functions {
		if d.Function == name || name == "" && (d.Function == d.DefaultFunction || len(p.functions) == 1) {
			return d
		}
	}
	return nil
}

// filler fills in a driver with stages: it finds for each input of each stage what
// it takes. What the driver says already it leaves alone.
type filler struct {
	set     []packageFunctions
	d       *Driver
	entries int // of the tokenizer, or 0
	// why are the reasons, a sentence for each thing that was found.
	why []string
	// one and many are the functions of the stage at hand, the same one where there
	// is but one.
	one, many *coreml.Description
	lengths   []*coreml.Description // the functions for other numbers of tokens
	stage     int
	context   int  // the longest text that was met with
	given     bool // the driver named its stages
}

func (f *filler) because(reason string, args ...any) {
	f.why = append(f.why, fmt.Sprintf(reason, args...))
}

// fill completes the driver. Its stages name their packages; which functions of
// these they run is found out where they do not say it.
func (f *filler) fill() error {
	if f.given = len(f.d.Stages) > 0; !f.given {
		f.d.Stages = f.d.oneStage()
	}
	if f.given {
		if err := f.d.refuseShort(); err != nil {
			return err
		}
	}
	f.d.Family = FamilyStages
	for i := range f.d.Stages {
		if err := f.fillStage(i); err != nil {
			return err
		}
	}
	if err := f.checkRotation(); err != nil {
		return err
	}
	if err := f.fillOutput(); err != nil {
		return err
	}
	f.fillPrefill()
	if err := f.fillContext(); err != nil {
		return err
	}
	if err := f.checkLengths(); err != nil {
		return err
	}
	return f.fillImage()
}

// refuseShort refuses fields that stand for a stage beside stages.
func (d *Driver) refuseShort() error {
	uses := append(d.inputUses(), d.outputUses()...)
	switch {
	case len(uses) > 0 && uses[0].field == "logits":
		return driverErrorf("logits", "is for a driver without stages; write it as {\"output\": {\"logits\": [%q]}}", d.Logits)
	case len(uses) > 0:
		return driverErrorf(uses[0].field, "is for a driver without stages; give the role of %q in the inputs of its stage", uses[0].feature)
	case d.MaskFill != nil:
		return driverErrorf("mask_fill", "is for a driver without stages; write it as \"fill\" beside the role of the mask")
	}
	return nil
}

// oneStage returns the stage of a driver that names none, with what its other
// fields say. These move there.
func (d *Driver) oneStage() []Stage {
	stages := d.expanded()
	if d.Logits != "" && d.Output == nil {
		d.Output = &Output{Logits: []string{d.Logits}}
	}
	d.Tokens, d.Mask, d.MaskFill, d.AttentionMask, d.Logits, d.Caches, d.Constants = "", "", nil, "", "", nil, nil
	return stages
}

// pkg returns the package of a stage.
func (f *filler) pkg(s *Stage, at int) (*packageFunctions, error) {
	for i := range f.set {
		if f.set[i].file == s.Package || s.Package == "" && len(f.set) == 1 {
			return &f.set[i], nil
		}
	}
	var files []string
	for i := range f.set {
		files = append(files, f.set[i].file)
	}
	return nil, driverErrorf(fmt.Sprintf("stages.%d.package", at), "there is no package %q; there are %s", s.Package, strings.Join(files, ", "))
}

// fillStage completes one stage.
func (f *filler) fillStage(i int) error {
	f.stage = i
	s := &f.d.Stages[i]
	p, err := f.pkg(s, i)
	if err != nil {
		return err
	}
	if s.Function == "" && s.Prefill == "" && len(s.Prefills) == 0 && len(p.functions) > 1 {
		f.pairFunctions(s, p)
	}
	for _, name := range s.functions() {
		if p.find(name) == nil {
			return driverErrorf(fmt.Sprintf("stages.%d.function", i), "there is no function %q; there are %s", name, functionNames(p))
		}
	}
	if err := f.orderLengths(s, p); err != nil {
		return err
	}
	f.one = p.find(s.Function)
	if len(p.functions) > 1 {
		s.Function = f.one.Function // by its name: the rotation goes by that
	}
	if f.many = f.one; s.Prefill != "" {
		f.many = p.find(s.Prefill)
	}
	f.lengths = nil
	for _, name := range s.Prefills {
		f.lengths = append(f.lengths, p.find(name))
	}
	if s.Inputs == nil {
		s.Inputs = map[string]Role{}
	}
	f.pairCaches(s)
	f.findStates(s)
	if err := f.findRotation(s, p); err != nil {
		return err
	}
	if err := f.findRoles(s); err != nil {
		return err
	}
	return f.checkStage(s)
}

func functionNames(p *packageFunctions) string {
	var names []string
	for _, d := range p.functions {
		names = append(names, strconv.Quote(d.Function))
	}
	return strings.Join(names, ", ")
}

// partName is the name of an output that is one of several.
var partName = regexp.MustCompile(`^(.*?)_?(\d+)$`)

// sortedParts returns outputs whose names differ by a number alone, in its order;
// nil for others.
func sortedParts(names []string) []string {
	stem := ""
	numbers := map[string]int{}
	for i, name := range names {
		m := partName.FindStringSubmatch(name)
		if m == nil || i > 0 && m[1] != stem {
			return nil
		}
		n, err := strconv.Atoi(m[2])
		if err != nil || n < 0 || n > math.MaxInt32 {
			return nil
		}
		stem, numbers[name] = m[1], n
	}
	out := slices.Clone(names)
	slices.SortFunc(out, func(a, b string) int { return cmp.Compare(numbers[a], numbers[b]) })
	return out
}
