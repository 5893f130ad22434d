//go:build linux && (amd64 || arm64)

package rig_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/engine/apple/rig"
	"github.com/gocoreml/coreml/internal/objc"
)

// facts is the table of Core ML's methods that the stand-in is held to.
const facts = "../../../objc/testdata/coreml_selectors.tsv"

// own are methods of the stand-in's that no program sends: what every class may
// override, and helpers.
var own = regexp.MustCompile(`^(rig|initRig:|copyWithZone:$|dealloc$|init$|release$|retain$|\.cxx_)`)

// plain turns a type of the GNU runtime into the table's form: without offsets.
func plain(encoding string) string {
	return regexp.MustCompile(`([@#:vqQdiIcCB?*^}])\d+`).ReplaceAllString(encoding, "$1")
}

func TestStandInDeclaresWhatCoreMLDeclares(t *testing.T) {
	rig.Start(t)
	raw, err := os.ReadFile(facts)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		if f := strings.Split(line, "\t"); len(f) > 4 {
			want[f[0]+f[1]+f[2]] = f[3]
		}
	}
	checked := 0
	for line := range strings.Lines(rig.Methods()) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 4 {
			t.Fatalf("line %q", line)
		}
		if own.MatchString(f[2]) {
			continue
		}
		key := f[0] + f[1] + f[2]
		types, ok := want[key]
		if !ok && f[0] == "MLDictionaryFeatureProvider" {
			types, ok = want["MLFeatureProvider"+f[1]+f[2]]
		}
		if !ok {
			t.Errorf("%s[%s %s] is not one of Core ML's methods", f[1], f[0], f[2])
			continue
		}
		// The compiler has no blocks, which are objects to it, and BOOL is a char.
		types = strings.NewReplacer("__CVBuffer", "__CVBuffer", "@?", "@", "B", "C").Replace(types)
		if got := plain(f[3]); got != types {
			t.Errorf("%s[%s %s] has the type %s, want %s", f[1], f[0], f[2], got, types)
		}
		checked++
	}
	if checked < 100 {
		t.Errorf("only %d methods were compared", checked)
	}
}

func TestBindingFindsEveryMethodInTheStandIn(t *testing.T) {
	rig.Start(t)
	for _, gap := range objc.Missing() {
		t.Error(gap)
	}
}
