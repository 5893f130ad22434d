package cache_test

import (
	"errors"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/hub/internal/cache"
)

func TestNamesThatMayNotBecomePathsAreRefused(t *testing.T) {
	for _, name := range []string{
		"", ".", "..", "a/../b", "../a", "a/..", "/a", "a//b", "a/", "a/./b", "...", ".. ", "a/ /b",
		`..\a`, `\a`, `\\host\share`, `a\..\b`, `a/..\b`, `a\.. \b`, `a\C:b`, "C:", "c:a", "C:/a", "a/D:x", "é:x", "//host/share/x",
		"a\x00b", "a\nb", "a\x7f", "\x1b[2J", "\xff\xfe",
		strings.Repeat("a", 256), strings.Repeat("a/", 40000) + "a", strings.Repeat("x", 64<<10),
	} {
		err := cache.CheckName(name)
		if _, ok := errors.AsType[*cache.NameError](err); !ok {
			t.Errorf("%.40q: %v", name, err)
		} else if len(err.Error()) > 1024 || strings.ContainsAny(err.Error(), "\x1b\n\x00") {
			t.Errorf("%.40q: the message is %q", name, err)
		}
	}
}

func TestNamesOfRepositoriesAreAccepted(t *testing.T) {
	names := []string{
		"a", ".gitattributes", "model.mlpackage/Data/com.apple.CoreML/weights/weight.bin", "a b/c", "..a", "a..b", "é/日本",
		"console", "com10", "nullable/x", strings.Repeat("a", 255),
	}
	windows := []string{"aux.py", "a/CON", "lpt9", "com\u00b9", "nul", "what?.txt", "ab:c", "a.", "a ", `a\b`}
	for _, name := range windows {
		if err := cache.CheckName(name); (err != nil) != (runtime.GOOS == "windows") {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range names {
		if err := cache.CheckName(name); err != nil {
			t.Error(err)
		}
	}
}

func TestRepositoryNamesAreThoseOfPython(t *testing.T) {
	for id, want := range map[string]bool{
		"foo": true, "foo/bar": true, "123": true, "Foo-BAR_foo.bar123": true, "_a/_b": true, strings.Repeat("a", 96): true,
		"": false, "datasets/foo/bar": false, ".repo_id": false, "foo--bar": false, "foo.git": false, "a/": false, "/a": false,
		"foo..bar": false, "a/-b": false, "b-/a": false, "café": false, "a b": false, strings.Repeat("a", 97): false, "a\n": false, "..": false,
	} {
		if err := cache.CheckID(id); (err == nil) != want {
			t.Errorf("%q: %v, want accepted: %v", id, err, want)
		}
	}
}

func TestETagsAreOnePartOfAPath(t *testing.T) {
	for etag, want := range map[string]bool{
		strings.Repeat("a", 64): true, "abc-1": true,
		"": false, "..": false, "a/b": false, `a\b`: false, "a\x00": false, strings.Repeat("a", 250): false, "abc.incomplete": false,
	} {
		if err := cache.CheckETag(etag); (err == nil) != want {
			t.Errorf("%.40q: %v, want accepted: %v", etag, err, want)
		}
	}
}

func TestNamesThatCannotLieTogetherAreRefused(t *testing.T) {
	for _, names := range [][]string{
		{"a", "a"}, {"README.md", "readme.MD"}, {"a", "a/b"}, {"a/b/c", "A"}, {"d/x", "D/y"}, {"\u212a", "k"}, {"a/b", "a"}, {"ok", "../x"},
	} {
		if err := cache.CheckNames(names); err == nil {
			t.Errorf("%q are accepted", names)
		}
	}
	if err := cache.CheckNames([]string{"a/b/c", "a/b/d", "a/e", "f", "ab"}); err != nil {
		t.Error(err)
	}
}

// A name that is accepted stays below its folder by the rules of either system.
func FuzzCheckName(f *testing.F) {
	for _, s := range []string{"a/b", "..", "a/../b", `a\..\..\b`, "C:x", "//h/s", ".. /x", "nul", "a\x00/b", ". ./x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if cache.CheckName(name) != nil {
			return
		}
		if !filepath.IsLocal(filepath.FromSlash(name)) || path.Clean(name) != name || path.IsAbs(name) {
			t.Fatalf("%q leaves its folder", name)
		}
		// Windows: both separators, and dots and spaces at the end of a part vanish.
		for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '/' || r == '\\' }) {
			stripped := strings.TrimRight(part, ". ")
			if stripped == "" || strings.Contains(part, "\x00") || len(part) > 1 && part[1] == ':' || len(part) > 255 {
				t.Fatalf("%q has the part %q", name, part)
			}
		}
		if strings.HasPrefix(name, `\`) || len(name) > 4096 {
			t.Fatalf("%q", name)
		}
	})
}
