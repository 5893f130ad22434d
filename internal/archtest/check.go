package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// Check returns every violation of the rules, one line each, in a fixed order.
// It looks at all of the tree, so a rule of one file is broken once however
// many systems build the file.
func (t *Tree) Check(r Rules) []string {
	var found []string
	for _, f := range t.Files {
		found = append(found, r.size(f)...)
		found = append(found, r.markers(f)...)
		if f.syntax == nil {
			continue
		}
		found = append(found, r.identifiers(f)...)
		found = append(found, r.imports(f)...)
	}
	found = append(found, r.surface(t)...)
	found = append(found, r.links(t)...)
	found = append(found, r.dependencies(t.GoMod)...)
	slices.Sort(found)
	return slices.Compact(found)
}

// room returns the room that a directory lies in: the one with the longest
// matching path. The root room holds only the root directory itself. So a
// nested directory may have rules of its own.
func (r Rules) room(dir string) (Room, bool) {
	var best Room
	ok := false
	for _, room := range r.Rooms {
		in := dir == room.Dir || room.Dir != "." && strings.HasPrefix(dir, room.Dir+"/")
		if in && (!ok || len(room.Dir) > len(best.Dir)) {
			best, ok = room, true
		}
	}
	return best, ok
}

// imports checks what one file imports against its room. Which of the file's
// systems matter is for refuse to say.
func (r Rules) imports(f *File) []string {
	room, ok := r.room(f.Dir)
	if !ok {
		return []string{fmt.Sprintf("%s: no room in the rules holds the directory %s: add one to rules.go", f.Path, f.Dir)}
	}
	var found []string
	for p := range f.Imports {
		if why := r.refuse(f, room, p); why != "" {
			found = append(found, fmt.Sprintf("%s: imports %s: %s", f.Path, p, why))
		}
	}
	return found
}

// refuse says why a file of a room may not import a path; "" when it may. A
// path whose first element has a dot is another module's, all others are the
// standard library's.
func (r Rules) refuse(f *File, room Room, p string) string {
	switch {
	case p == r.Module || strings.HasPrefix(p, r.Module+"/"):
		return r.refuseOwn(f, room, strings.TrimPrefix(strings.TrimPrefix(p, r.Module), "/"))
	case strings.Contains(strings.SplitN(p, "/", 2)[0], "."):
		if under(p, room.Third) || f.Test && under(p, r.TestThird) {
			return ""
		}
		return fmt.Sprintf("room %s may not use this module", room.Dir)
	case slices.Contains(r.RestrictedStd, p) && !slices.Contains(room.Std, p) && !f.Test && (p != "log" || !room.Prints && f.Package != "main"):
		return fmt.Sprintf("room %s may not use this standard package", room.Dir)
	}
	return ""
}

// refuseOwn is refuse for packages of this module. dir is relative to its root.
func (r Rules) refuseOwn(f *File, room Room, dir string) string {
	if dir == "" {
		return "the root package is documentation only"
	}
	other, ok := r.room(dir)
	if !ok {
		return "no room in the rules holds it"
	}
	if other.Dir == room.Dir || slices.Contains(room.May, "*") || slices.Contains(room.May, other.Dir) {
		return ""
	}
	if f.Test && slices.Contains(r.TestRooms, other.Dir) {
		return ""
	}
	for _, may := range room.May {
		// The file must be built on that system and on no other.
		dir, goos, limited := strings.Cut(may, "@")
		if !limited || dir != other.Dir {
			continue
		}
		if slices.Equal(f.Systems, []string{goos}) {
			return ""
		}
		return fmt.Sprintf("allowed on %s only, and this file is built on %s", goos, strings.Join(f.Systems, ", "))
	}
	return fmt.Sprintf("room %s may not import room %s", room.Dir, other.Dir)
}

// under reports whether an import path is one of the prefixes or lies below
// one. A prefix ends at a slash: x/sys is no prefix of x/system.
func under(p string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool {
		return prefix == "*" || p == prefix || strings.HasPrefix(p, prefix+"/")
	})
}

// dependencies checks the direct requirements in the text of go.mod. It reads
// line by line, in place of a parser from another module. Indirect requirements
// are the go command's business.
func (r Rules) dependencies(mod string) []string {
	var found []string
	block := false
	for line := range strings.Lines(mod) {
		line = strings.TrimSpace(line)
		switch {
		case line == "require (":
			block = true
			continue
		case line == ")":
			block = false
			continue
		case strings.HasPrefix(line, "require "):
			line = strings.TrimPrefix(line, "require ")
		case strings.HasPrefix(line, "toolchain "):
			found = append(found, "go.mod: a toolchain line binds importers to it")
			continue
		case !block:
			continue
		}
		name, _, _ := strings.Cut(line, " ")
		if name == "" || strings.HasPrefix(name, "//") || strings.HasSuffix(line, "// indirect") {
			continue
		}
		if !slices.Contains(r.Dependencies, name) {
			found = append(found, fmt.Sprintf("go.mod: requires %s, which is not in the list of dependencies", name))
		}
	}
	return found
}
