package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/gocoreml/coreml/hub"
)

// rmCmd is the verb rm. It promises that nothing goes before the user has said yes to what
// goes, and that nothing goes that another process is downloading or another revision
// needs; what has to stay for that is told of, and is a failure.
type rmCmd struct {
	Names  []string `arg:"" name:"name" help:"Repositories, org/name for all of one and org/name@revision for one commit, branch or tag of it."`
	DryRun bool     `help:"Say what would be deleted and what that would free, and delete nothing."`
	Yes    bool     `short:"y" help:"Delete without asking."`
	JSON   bool     `help:"Print what was deleted, or would be, as one JSON object."`
}

// Help is printed by kong above the flags.
func (*rmCmd) Help() string {
	return `Deletes from the local cache, which Python's huggingface_hub shares. On a terminal it asks before; elsewhere it needs --yes.

Examples:

    coreml rm org/name
    coreml rm org/name@main datasets/org/name --dry-run
    coreml rm org/name --yes`
}

// Run is called by kong.
func (c *rmCmd) Run(ctx context.Context, s *streams) error {
	if !c.Yes && !c.DryRun && !isTerminal(s.in) {
		return usagef("rm asks before it deletes, and standard input is no terminal: give --yes, or --dry-run to see what would go")
	}
	var repos []hub.Repo
	for _, name := range c.Names {
		repo, err := wholeRepo("rm", name)
		if err != nil {
			return err
		}
		repos = append(repos, repo)
	}
	plan, err := c.plan(ctx, repos)
	if err != nil {
		return err
	}
	tell := s.out
	if c.JSON {
		tell = s.err // for who is asked
	}
	if !c.JSON || !c.Yes && !c.DryRun {
		if _, err := io.WriteString(tell, fitted(tell, planText(plan))); err != nil {
			return err
		}
	}
	result := &rmJSON{DryRun: c.DryRun, Repositories: orEmpty(plan.Repos), Revisions: orEmpty(plan.Snapshots), Bytes: plan.Freed, Skipped: []skippedJSON{}}
	if c.DryRun {
		return c.print(s, result)
	}
	if !c.Yes {
		sure, err := s.confirm(ctx, "Delete?")
		if err != nil {
			return err
		}
		if !sure {
			note(s.err, []string{"nothing was deleted"})
			return errFailed
		}
	}
	done, err := plan.Run(ctx)
	if done != nil {
		result.Bytes = done.Freed
		for _, skipped := range done.Skipped {
			complain(s.err, fmt.Errorf("%s stays: %w", skipped.Path, skipped.Err))
			result.Skipped = append(result.Skipped, skippedJSON{skipped.Path, explain(skipped.Err)})
		}
		if err := c.print(s, result); err != nil {
			return err
		}
	}
	if err == nil && len(done.Skipped) > 0 {
		err = errFailed
	}
	return err
}

// print prints what came of it. People have read already what would go.
func (c *rmCmd) print(s *streams, result *rmJSON) error {
	if c.JSON {
		return printIndented(s.out, result)
	}
	if c.DryRun {
		return nil
	}
	_, err := fmt.Fprintf(s.out, "freed %s\n", bytesText(result.Bytes))
	return err
}

// plan finds out what goes.
func (c *rmCmd) plan(ctx context.Context, repos []hub.Repo) (*hub.Deletion, error) {
	info, err := scanCache(ctx)
	if err != nil {
		return nil, err
	}
	for _, repo := range repos {
		if !slices.ContainsFunc(info.Repos, func(r hub.CachedRepo) bool { return isThe(&r, repo) }) &&
			!slices.ContainsFunc(info.Warnings, func(w *hub.CacheWarning) bool { return isAbout(w, repo) }) {
			return nil, fmt.Errorf("the local cache %s has nothing of %s: coreml list shows what is there", info.Dir, quoted(repo.String()))
		}
	}
	plan, err := info.Plan(repos...)
	if errors.Is(err, hub.ErrNotCached) {
		err = fmt.Errorf("%w: coreml list shows what is there", err)
	}
	return plan, err
}

// planText says what a deletion removes.
func planText(d *hub.Deletion) string {
	list := table{}
	for _, part := range []struct {
		what  string
		paths []string
	}{{"repository", d.Repos}, {"revision", d.Snapshots}} {
		for _, path := range part.paths {
			list.row(part.what, path)
		}
	}
	return list.String() + fmt.Sprintf("frees %s\n", bytesText(d.Freed))
}
