//go:build (darwin || linux) && (amd64 || arm64)

package objc

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestStringsSurviveTheRoundTrip(t *testing.T) {
	load(t)
	for _, c := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"ASCII", "main", "main"},
		{"other letters", "héllo 世界 🙂", "héllo 世界 🙂"},
		{"NUL inside", "a\x00b", "a\x00b"},
		{"NUL alone", "\x00", "\x00"},
		{"a composed and a decomposed accent", "é e\u0301", "é e\u0301"},
		{"long", strings.Repeat("€", 100_000), strings.Repeat("€", 100_000)},
		{"bytes that are no UTF-8", "a\xff\xfeb", "a\uFFFDb"},
		{"half a surrogate", "\xed\xa0\x80", "\uFFFD"},
	} {
		t.Run(c.name, func(t *testing.T) {
			WithPool(func() {
				if got := GoString(String(c.in)); got != c.want {
					t.Errorf("got %.40q, want %.40q", got, c.want)
				}
			})
		})
	}
}

// bom is the byte order mark, which a runtime may drop at the beginning.
const bom = "\ufeff"

func FuzzString(f *testing.F) {
	load(f)
	for _, s := range []string{"", "a\x00b", "世界", "\xff", "\xed\xa0\x80", "\ufeffbom", "e\u0301", "\U0010ffff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		WithPool(func() {
			want := strings.ToValidUTF8(s, "\uFFFD")
			got := GoString(String(s))
			if !strings.HasPrefix(got, bom) {
				want = strings.TrimPrefix(want, bom)
			}
			if got != want || !utf8.ValidString(got) {
				t.Errorf("%q came back as %q", s, got)
			}
			if got := GoPath(FileURL("/"+strings.ReplaceAll(want, "\x00", ""), false)); !utf8.ValidString(got) {
				t.Errorf("path of %q came back as %q", s, got)
			}
		})
	})
}

func TestNumbersSurviveTheRoundTrip(t *testing.T) {
	load(t)
	WithPool(func() {
		for _, v := range []int64{0, 1, -1, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64} {
			if got := GoInt(Int(v)); got != v {
				t.Errorf("%d came back as %d", v, got)
			}
		}
		for _, v := range []float64{0, 3.25, -1e300, math.Inf(1), math.SmallestNonzeroFloat64} {
			if got := GoFloat(Float(v)); got != v {
				t.Errorf("%g came back as %g", v, got)
			}
		}
		if got := GoFloat(Float(math.NaN())); !math.IsNaN(got) {
			t.Errorf("NaN came back as %g", got)
		}
		for _, v := range []bool{false, true} {
			if got := GoBool(Bool(v)); got != v {
				t.Errorf("%t came back as %t", v, got)
			}
		}
	})
}

func TestNilReadsAsNothing(t *testing.T) {
	load(t)
	WithPool(func() {
		if GoString(0) != "" || GoInt(0) != 0 || GoBool(0) || !math.IsNaN(GoFloat(0)) || GoBytes(0) != nil || GoPath(0) != "" {
			t.Error("a value was read from nil")
		}
		if Len(0) != 0 || At(0, 0) != 0 || Elements(0) != nil || Lookup(0, "k") != 0 || len(Entries(0)) != 0 || ClassName(0) != "" {
			t.Error("an element was read from nil")
		}
		if GoError(0) != nil || IsKind(0, NSObject.Class) || Responds(0, NSObject.Description) {
			t.Error("nil is something")
		}
		if _, err := GoRange(0); !errors.Is(err, ErrType) {
			t.Errorf("a range was read from nil: %v", err)
		}
	})
}

func TestObjectsOfAnotherClassReadAsNothing(t *testing.T) {
	load(t)
	WithPool(func() {
		for _, id := range []ID{String("x"), Int(70000), Data([]byte("x")), Ints([]int{70000}), NSObject.Class.ID()} {
			if IsKind(id, NSString.Class) {
				id = NewError("d", 1)
			} else if GoString(id) != "" {
				t.Errorf("%s was read as a string", ClassName(id))
			}
			if !IsKind(id, NSNumber.Class) && (GoInt(id) != 0 || GoBool(id) || !math.IsNaN(GoFloat(id))) {
				t.Errorf("%s was read as a number", ClassName(id))
			}
			if !IsKind(id, NSArray.Class) && (Len(id) != 0 || At(id, 0) != 0 || Elements(id) != nil) {
				t.Errorf("%s was read as an array", ClassName(id))
			}
			if !IsKind(id, NSData.Class) && GoBytes(id) != nil {
				t.Errorf("%s was read as bytes", ClassName(id))
			}
			if GoPath(id) != "" || SetElements(id) != nil || Keys(id) != nil || Lookup(id, "k") != 0 || len(Entries(id)) != 0 {
				t.Errorf("%s was read as a path, a set or a dictionary", ClassName(id))
			}
		}
	})
}

func TestBytesAreReadFromMemoryThatIsThere(t *testing.T) {
	if Bytes(0, 5) != nil || Bytes(16, 0) != nil || Bytes(16, -6) != nil || cString(0) != "" {
		t.Error("bytes were read from nowhere")
	}
}

func TestDataSurvivesTheRoundTrip(t *testing.T) {
	load(t)
	WithPool(func() {
		for _, v := range [][]byte{nil, {0}, []byte("abc\x00def"), bytes.Repeat([]byte{7}, 1<<20)} {
			if got := GoBytes(Data(v)); !bytes.Equal(got, v) {
				t.Errorf("%d bytes came back as %d", len(v), len(got))
			}
		}
	})
}

func TestPathsSurviveTheRoundTrip(t *testing.T) {
	load(t)
	WithPool(func() {
		// No letter that macOS would take apart: its file system holds both forms equal.
		for _, v := range []string{"/", "/tmp/model.mlpackage", "/tmp/with space/øß 世界/100%25/#?&;", "/a'b\"c"} {
			if got := GoPath(FileURL(v, true)); got != v && got+"/" != v {
				t.Errorf("%q came back as %q", v, got)
			}
		}
	})
}

func TestArraysHoldWhatWasPutIn(t *testing.T) {
	load(t)
	WithPool(func() {
		for _, v := range [][]int{{}, {1}, {1, -2, math.MaxInt64}} {
			got, err := GoInts(Ints(v))
			if err != nil || !cmp.Equal(got, v) {
				t.Errorf("%v came back as %v, %v", v, got, err)
			}
		}
		words := []string{"a", "", "世界"}
		if got, err := GoStrings(Strings(words)); err != nil || !cmp.Equal(got, words) {
			t.Errorf("%q came back as %q, %v", words, got, err)
		}
		array := Ints([]int32{5, 6})
		if GoInt(At(array, 1)) != 6 || At(array, 2) != 0 || At(array, -1) != 0 {
			t.Error("an index was not checked")
		}
		if _, err := Array(Int(1), 0); !errors.Is(err, ErrNil) {
			t.Errorf("nil in an array: %v", err)
		}
		mixed, err := Array(Int(1), String("x"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := GoInts(mixed); !errors.Is(err, ErrType) {
			t.Errorf("a string among numbers: %v", err)
		}
		if _, err := GoStrings(mixed); !errors.Is(err, ErrType) {
			t.Errorf("a number among strings: %v", err)
		}
	})
}

func TestSetsGiveTheirElements(t *testing.T) {
	load(t)
	with := testMethod("NSSet", "setWithArray:", "@@:@", borrowed)
	with.meta = true
	WithPool(func() {
		n := 0
		for _, id := range SetElements(SendClass(with, uintptr(Ints([]int{5, 7, 5})))) {
			n += int(GoInt(id))
		}
		if n != 12 {
			t.Errorf("the elements are %d together", n)
		}
	})
}

func TestDictionariesHoldWhatWasPutIn(t *testing.T) {
	load(t)
	WithPool(func() {
		d, err := Dictionary([]ID{String("a"), String("b"), Int(3)}, []ID{Int(1), Int(2), Int(4)})
		if err != nil {
			t.Fatal(err)
		}
		if GoInt(Lookup(d, "a")) != 1 || GoInt(Lookup(d, "b")) != 2 || Lookup(d, "c") != 0 || GoInt(Get(d, Int(3))) != 4 || Get(d, 0) != 0 {
			t.Error("an entry is not what was put in")
		}
		if n := len(Keys(d)); n != 3 {
			t.Errorf("%d keys", n)
		}
		if e := Entries(d); len(e) != 2 || GoInt(e["b"]) != 2 {
			t.Errorf("entries with string keys: %v", e)
		}
		for _, c := range []struct {
			name         string
			keys, values []ID
			want         error
		}{
			{"a nil key", []ID{0}, []ID{Int(1)}, ErrNil},
			{"a nil value", []ID{Int(1)}, []ID{0}, ErrNil},
			{"a key without value", []ID{Int(1)}, nil, nil},
		} {
			if _, err := Dictionary(c.keys, c.values); err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if d, err := Dictionary(nil, nil); err != nil || d == 0 || SendInt(d, NSDictionary.Count) != 0 {
			t.Errorf("an empty dictionary: %v", err)
		}
	})
}

func TestRangesAreReadFromValues(t *testing.T) {
	load(t)
	boxed := testMethod("NSValue", "valueWithRange:", "@@:{_NSRange=QQ}", borrowed)
	boxed.meta, boxed.args = true, 2 // a structure of two words is passed as two words
	WithPool(func() {
		for _, c := range []struct {
			in  Range
			end uint64
		}{
			{Range{3, 4}, 7},
			{Range{0, 0}, 0},
			{Range{1, math.MaxInt64}, math.MaxInt64},
			{Range{1, math.MaxUint64}, math.MaxInt64},
		} {
			got, err := GoRange(SendClass(boxed, uintptr(c.in.Location), uintptr(c.in.Length)))
			if err != nil || got != c.in || got.End() != c.end {
				t.Errorf("%v came back as %v ending at %d, %v", c.in, got, got.End(), err)
			}
		}
		for _, id := range []ID{Int(1), String("x")} {
			if _, err := GoRange(id); !errors.Is(err, ErrType) {
				t.Errorf("a range was read from %s: %v", ClassName(id), err)
			}
		}
	})
}

// makeError makes an NSError with a description, a reason and a cause.
func makeError(t *testing.T, domain string, code int64, description, reason string, under ID) ID {
	t.Helper()
	key := func(name string) ID { return (&Symbol{name: name}).ID() }
	keys := []ID{key("NSLocalizedDescriptionKey"), key("NSLocalizedFailureReasonErrorKey")}
	values := []ID{String(description), String(reason)}
	if under != 0 {
		keys, values = append(keys, Foundation.UnderlyingErrorKey.ID()), append(values, under)
	}
	info, err := Dictionary(keys, values)
	if err != nil {
		t.Fatal(err)
	}
	return SendClass(NSError.WithDomain, uintptr(String(domain)), uintptr(code), uintptr(info))
}

func TestErrorsAreCopiedWithTheirCauses(t *testing.T) {
	load(t)
	WithPool(func() {
		inner := makeError(t, "NSPOSIXErrorDomain", 2, "no such file", "it is gone", 0)
		err := GoError(makeError(t, "com.apple.CoreML", -3, "failed to load", "a reason", inner))
		var got *Error
		if !errors.As(err, &got) {
			t.Fatalf("got %T", err)
		}
		want := &Error{
			Domain: "com.apple.CoreML", Code: -3, Description: "failed to load", FailureReason: "a reason",
			Underlying: &Error{Domain: "NSPOSIXErrorDomain", Code: 2, Description: "no such file", FailureReason: "it is gone"},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if !errors.Is(err, &Error{Domain: "NSPOSIXErrorDomain", Code: 2}) || errors.Is(err, &Error{Domain: "NSPOSIXErrorDomain", Code: 3}) {
			t.Error("the cause is not found by domain and code")
		}
		text := "com.apple.CoreML -3: failed to load (a reason): NSPOSIXErrorDomain 2: no such file (it is gone)"
		if got.Error() != text {
			t.Errorf("got %q", got.Error())
		}
	})
}

func TestLongChainsOfErrorsAreCut(t *testing.T) {
	load(t)
	WithPool(func() {
		var id ID
		for i := range 3 * maxErrorDepth {
			id = makeError(t, "d", int64(i), "x", "y", id)
		}
		n := 0
		for err := GoError(id); err != nil; err = errors.Unwrap(err) {
			n++
		}
		if n != maxErrorDepth {
			t.Errorf("%d errors were copied", n)
		}
		if err := GoError(String("no error")); err != nil {
			t.Errorf("a string was read as the error %v", err)
		}
	})
}
