package archtest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// namedPages say what something is called here: each Go name in them has to exist.
var namedPages = []string{"from-swift.md", "from-llamacpp.md", "wrappers.md", "frameworks.md"}

// goName is a package, or its short name where two have one, an exported name of it, and
// a member of that.
var goName = regexp.MustCompile("`([a-z]+)\\.([A-Z]\\w*)(?:\\.([A-Z]\\w*))?(?:\\[[^`]*|\\([^`]*)?`")

// exportedNames returns what the golden files list, as "package.Name" and
// "package.Type.Member".
func exportedNames(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("testdata/api/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	member := regexp.MustCompile(`^(?:method \(\*?(\w+)\) (\w+)|(?:field|embedded) (\w+)[ .](\w+)|(?:const|var|func|type) (\w+))`)
	within := regexp.MustCompile(`\b([A-Z]\w*)\(`)
	names := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pkg := strings.TrimSuffix(filepath.Base(file), ".txt")
		pkg = pkg[strings.LastIndex(pkg, "-")+1:]
		for line := range strings.Lines(string(text)) {
			m := member.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			parent, name := m[1]+m[3], m[2]+m[4]
			if parent == "" {
				names[pkg+"."+m[5]] = true
				if strings.Contains(line, "interface {") {
					for _, method := range within.FindAllStringSubmatch(line, -1) {
						names[pkg+"."+m[5]+"."+method[1]] = true
					}
				}
				continue
			}
			names[pkg+"."+parent+"."+name] = true
		}
	}
	return names
}

func TestThePagesNameWhatExists(t *testing.T) {
	names := exportedNames(t)
	packages := map[string]bool{}
	for name := range names {
		packages[name[:strings.Index(name, ".")]] = true
	}
	for _, page := range namedPages {
		text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, m := range goName.FindAllStringSubmatch(string(text), -1) {
			name := m[1] + "." + m[2]
			if m[3] != "" {
				name += "." + m[3]
			}
			if !packages[m[1]] {
				continue // another project's
			}
			if found++; !names[name] {
				t.Errorf("docs/%s names %s, which does not exist", page, name)
			}
		}
		if found < 5 {
			t.Errorf("docs/%s names %d things", page, found)
		}
	}
}

// The table of MLTensor is kept in the documentation of package tensor, which has a test
// of its own.
func TestTheTableOfMLTensorIsThatOfPackageTensor(t *testing.T) {
	source, err := os.ReadFile("../../tensor/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/from-swift.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n| MLTensor | here |\n|---|---|\n")
	section, _, _ = strings.Cut(section, "\n\n")
	var want []string
	column := 0
	for line := range strings.Lines(string(source)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "//\tMLTensor "):
			column = len([]rune(line[:strings.Index(line, "here")]))
		case column > 0 && strings.HasPrefix(line, "//\t"):
			row := []rune(line)
			cells := []string{strings.TrimSpace(string(row[3:column])), strings.TrimSpace(string(row[column:]))}
			want = append(want, strings.ReplaceAll("| "+strings.Join(cells, " § ")+" |", "|", "\\|"))
		}
	}
	for i, row := range want {
		row = strings.TrimSuffix(strings.TrimPrefix(row, "\\|"), "\\|")
		want[i] = "|" + strings.Replace(row, "§", "|", 1) + "|"
	}
	if got := strings.Split(section, "\n"); !slices.Equal(got, want) || len(want) < 50 {
		t.Errorf("docs/from-swift.md has %d rows, tensor/doc.go %d:\n%s", len(got), len(want), strings.Join(want, "\n"))
	}
}
