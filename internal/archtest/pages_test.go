package archtest_test

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	linkOf    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fenceOf   = regexp.MustCompile("(?ms)^[ \t]*```.*?^[ \t]*```[ \t]*$")
	codeOf    = regexp.MustCompile("`[^`\n]*`")
	headingOf = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	notAnchor = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// TestLinksOfThePagesLead follows every relative link of the pages in Markdown to its
// file and, where it names one, to its heading.
func TestLinksOfThePagesLead(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "git", "-C", "../..", "ls-files", "*.md").Output()
	if err != nil {
		t.Skipf("the pages are listed by git: %v", err)
	}
	links := 0
	for page := range strings.FieldsSeq(string(out)) {
		text, err := os.ReadFile(filepath.Join("../..", filepath.FromSlash(page)))
		if err != nil {
			t.Fatal(err)
		}
		prose := codeOf.ReplaceAllString(fenceOf.ReplaceAllString(string(text), ""), "")
		for _, m := range linkOf.FindAllStringSubmatch(prose, -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, ":") {
				continue
			}
			links++
			to := page
			if target != "" {
				to = path.Join(path.Dir(page), target)
			}
			if wrong := missing(to, anchor); wrong != "" {
				t.Errorf("%s: the link to %s: %s", page, m[1], wrong)
			}
		}
	}
	if links < 50 {
		t.Errorf("only %d links were found", links)
	}
}

// missing says what a link to a file and one of its headings does not find.
func missing(file, anchor string) string {
	name := filepath.Join("../..", filepath.FromSlash(file))
	if _, err := os.Stat(name); err != nil {
		return "there is no such file"
	}
	if anchor == "" {
		return ""
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	for _, m := range headingOf.FindAllStringSubmatch(fenceOf.ReplaceAllString(string(text), ""), -1) {
		heading := strings.ToLower(notAnchor.ReplaceAllString(m[1], ""))
		if strings.ReplaceAll(heading, " ", "-") == anchor {
			return ""
		}
	}
	return "there is no such heading"
}
