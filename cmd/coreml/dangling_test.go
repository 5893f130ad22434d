package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/examples/storyteller"
)

// TestALinkThatDanglesIsNotAFileThatIsMissing holds every optional file beside a
// package: without the error the answers would be those of other settings, another
// template or another tokenizer, and nobody would know. A download into a cache
// that was cut off leaves such links.
func TestALinkThatDanglesIsNotAFileThatIsMissing(t *testing.T) {
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	say := func(pkg string) []string { return []string{"generate", "x", "-n", "1", "-q", "-m", pkg} }
	for _, name := range []string{
		"generation_config.json", "driver.json", strings.TrimSuffix(storyteller.Package, ".mlpackage") + ".driver.json",
		"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
		"chat_template.jinja", "chat_template.json", "additional_chat_templates",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, storyteller.FS()); err != nil {
				t.Fatal(err)
			}
			pkg := filepath.Join(dir, storyteller.Package)
			link := filepath.Join(dir, name)
			if err := os.RemoveAll(link); err != nil {
				t.Fatal(err)
			}
			if name != "tokenizer.json" {
				call(t, say(pkg)...).want(t, exitOK, "", "") // without the file all is well
			}
			if err := os.Symlink("../blobs/0123abcd", link); err != nil {
				t.Skip("no links here: ", err)
			}
			r := call(t, say(pkg)...)
			r.want(t, exitFailure, "", `"`+name+`" is a link to "../blobs/0123abcd", where there is no file`)
			if r.out != "" || strings.Count(r.err, "\n") != 1 {
				t.Errorf("standard output %q, standard error %q", r.out, r.err)
			}
		})
	}
}

func TestARecordThatIsALinkToNothingIsNotLeftOut(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("elsewhere.json", filepath.Join(dir, "cases.json")); err != nil {
		t.Skip("no links here: ", err)
	}
	call(t, "check", dir).want(t, exitFailure, "0 passed, 1 failed", "cases.json")
}

func TestADriverThatIsALinkToNothingStopsVerify(t *testing.T) {
	pkg := adder(t)
	if err := os.Symlink("absent", filepath.Join(filepath.Dir(pkg), "driver.json")); err != nil {
		t.Skip("no links here: ", err)
	}
	call(t, "verify", pkg, "--engine", "portable").want(t, exitFailure, "", `"driver.json" is a link to "absent", where there is no file`)
}
