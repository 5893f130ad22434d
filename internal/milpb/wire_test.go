package milpb_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gocoreml/coreml/internal/milpb"
)

// node is a field of a message in wire format. Fields that hold messages are taken
// apart, as far as their bytes can be read as such.
type node struct {
	num  protowire.Number
	typ  protowire.Type
	raw  []byte // the content of a field of bytes, without its length; else the value
	subs []node // the fields of a message
}

// parse takes a message apart. It reports false for bytes that are none.
func parse(b []byte) ([]node, bool) {
	var out []node
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, false
		}
		m := protowire.ConsumeFieldValue(num, typ, b[n:])
		if m < 0 {
			return nil, false
		}
		f := node{num: num, typ: typ, raw: b[n : n+m]}
		if typ == protowire.BytesType {
			f.raw, _ = protowire.ConsumeBytes(b[n : n+m])
			if subs, ok := parse(f.raw); ok && len(f.raw) > 0 {
				f.subs = subs
			}
		}
		out = append(out, f)
		b = b[n+m:]
	}
	return out, true
}

// write puts a message together. change may return other fields for those of a
// message, whose depth it is told.
func write(nodes []node, depth int, change func(depth int, nodes []node) []node) []byte {
	var b []byte
	for _, f := range change(depth, slices.Clone(nodes)) {
		b = protowire.AppendTag(b, f.num, f.typ)
		switch {
		case f.subs != nil:
			b = protowire.AppendBytes(b, write(f.subs, depth+1, change))
		case f.typ == protowire.BytesType:
			b = protowire.AppendBytes(b, f.raw)
		default:
			b = append(b, f.raw...)
		}
	}
	return b
}

// taken returns the model of all messages, taken apart.
func taken(t *testing.T) []node {
	t.Helper()
	nodes, ok := parse(everything().Encode())
	if !ok {
		t.Fatal("the model is no message")
	}
	same := func(_ int, nodes []node) []node { return nodes }
	if got := write(nodes, 0, same); !slices.Equal(got, everything().Encode()) {
		t.Fatal("the model is not what it was when it is put together again")
	}
	return nodes
}

// TestFieldsOfOneNumberKeepTheirOrderAndNoOtherOrderCounts writes the fields of the
// outermost messages by their numbers, downwards: protobuf lets a writer choose.
func TestFieldsOfOneNumberKeepTheirOrderAndNoOtherOrderCounts(t *testing.T) {
	downwards := func(depth int, nodes []node) []node {
		// Deeper down a text may be read as a message by chance.
		if depth < 3 {
			slices.SortStableFunc(nodes, func(a, b node) int { return int(b.num - a.num) })
		}
		return nodes
	}
	b := write(taken(t), 0, downwards)
	if slices.Equal(b, everything().Encode()) {
		t.Fatal("the order is the same")
	}
	got, err := milpb.DecodeModel(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(everything(), got); diff != "" {
		t.Errorf("another order of the fields gives another model (-want +got):\n%s", diff)
	}
}

// TestNumbersNotInTheFormatAreSkippedInTheOutermostMessages is what lets a reader
// live with files of a later version.
func TestNumbersNotInTheFormatAreSkippedInTheOutermostMessages(t *testing.T) {
	for what, f := range map[string]node{
		"a number":       {num: 18000, typ: protowire.VarintType, raw: []byte{0xac, 2}},
		"four bytes":     {num: 18000, typ: protowire.Fixed32Type, raw: make([]byte, 4)},
		"eight bytes":    {num: 18000, typ: protowire.Fixed64Type, raw: make([]byte, 8)},
		"a text":         {num: 18000, typ: protowire.BytesType, raw: []byte("later")},
		"an empty group": {num: 18000, typ: protowire.StartGroupType, raw: protowire.AppendTag(nil, 18000, protowire.EndGroupType)},
	} {
		t.Run(what, func(t *testing.T) {
			b := write(taken(t), 0, func(depth int, nodes []node) []node {
				if depth > 1 {
					return nodes
				}
				return append(append([]node{f}, nodes...), f)
			})
			got, err := milpb.DecodeModel(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(everything(), got); diff != "" {
				t.Errorf("the model is another (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEveryCutIsReadOrRefusedAndNamed cuts the model after each of its bytes. A
// message that ends between two fields of the model is a message too.
func TestEveryCutIsReadOrRefusedAndNamed(t *testing.T) {
	whole := everything().Encode()
	read := 0
	for n := range whole {
		m, err := milpb.DecodeModel(whole[:n])
		var e *milpb.FormatError
		switch {
		case err == nil:
			read++
			if m == nil {
				t.Fatalf("the first %d bytes give neither a model nor an error", n)
			}
			again, err := milpb.DecodeModel(m.Encode())
			if err != nil {
				t.Fatalf("the first %d bytes are read, and refused when they are written again: %v", n, err)
			}
			if diff := cmp.Diff(m, again); diff != "" {
				t.Fatalf("the first %d bytes change when they are written again:\n%s", n, diff)
			}
		case !errors.As(err, &e):
			t.Fatalf("the first %d bytes: %v, want a FormatError", n, err)
		case e.Message == "" || !strings.Contains(err.Error(), e.Message):
			t.Fatalf("the first %d bytes: %v does not name the message", n, err)
		}
	}
	if top := len(taken(t)); read > top {
		t.Errorf("%d cuts are read, and the model has %d fields", read, top)
	}
}

// TestAFieldOfTheWrongKindIsRefused gives each field of the outermost messages a
// number where it has bytes, and bytes where it has a number.
func TestAFieldOfTheWrongKindIsRefused(t *testing.T) {
	refused, names := 0, map[string]bool{}
	for depth := range 4 {
		for i := 0; ; i++ {
			count := 0
			b := write(taken(t), 0, func(at int, nodes []node) []node {
				if at != depth {
					return nodes
				}
				for k := range nodes {
					if count == i {
						if nodes[k].typ == protowire.BytesType {
							nodes[k] = node{num: nodes[k].num, typ: protowire.Fixed32Type, raw: make([]byte, 4)}
						} else {
							nodes[k] = node{num: nodes[k].num, typ: protowire.BytesType, raw: []byte{0xff}}
						}
					}
					count++
				}
				return nodes
			})
			if i >= count {
				break
			}
			_, err := milpb.DecodeModel(b)
			var e *milpb.FormatError
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("depth %d, field %d: %v, want a FormatError", depth, i, err)
			}
			if err != nil {
				refused++
				names[e.Message] = true
			} else if depth == 0 {
				t.Errorf("field %d of the model has the wrong kind and is read", i)
			}
		}
	}
	for _, want := range []string{"Model", "ModelDescription", "FeatureDescription", "FeatureType", "Program", "FunctionsEntry", "Function", "Metadata"} {
		if !names[want] {
			t.Errorf("no field of %s was refused", want)
		}
	}
	t.Logf("%d fields refused, of %d messages", refused, len(names))
}

// TestAMessageInTwoPartsIsOne is protobuf's rule for messages that are no list: a
// second one adds to the first.
func TestAMessageInTwoPartsIsOne(t *testing.T) {
	part := func(m milpb.ModelDescription) []byte { return (&milpb.Model{Description: &m}).Encode() }
	a := part(milpb.ModelDescription{Input: []milpb.FeatureDescription{{Name: "a"}}, Metadata: &milpb.Metadata{ShortDescription: "first"}})
	b := part(milpb.ModelDescription{Input: []milpb.FeatureDescription{{Name: "b"}}, Metadata: &milpb.Metadata{ShortDescription: "second"}})
	got, err := milpb.DecodeModel(append(a, b...))
	if err != nil {
		t.Fatal(err)
	}
	want := &milpb.ModelDescription{
		Input:    []milpb.FeatureDescription{{Name: "a"}, {Name: "b"}},
		Metadata: &milpb.Metadata{ShortDescription: "second"},
	}
	if diff := cmp.Diff(want, got.Description); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTextThatIsNotUTF8IsRefused(t *testing.T) {
	m := &milpb.Model{Description: &milpb.ModelDescription{Input: []milpb.FeatureDescription{{Name: "a\xff"}}}}
	_, err := milpb.DecodeModel(m.Encode())
	var e *milpb.FormatError
	if !errors.As(err, &e) || e.Message != "FeatureDescription" || e.Field != 1 {
		t.Errorf("got %v, want an error about field 1 of a FeatureDescription", err)
	}
}

func TestAnEmptyFileIsAnEmptyModel(t *testing.T) {
	m, err := milpb.DecodeModel(nil)
	if err != nil || m == nil || len(m.Encode()) != 0 {
		t.Errorf("got %+v, %v", m, err)
	}
}
