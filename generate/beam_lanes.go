package generate

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// beamLanes are the sequences that beams run in. Each beam takes the one that has the
// most of its text already: a beam that branched off another has little to read anew.
type beamLanes struct {
	all   []*Sequence // the first belongs to the caller
	batch []beamJob
}

// beamJob is a beam and its sequence in one round.
type beamJob struct {
	beam int
	seq  *Sequence
	ids  []int
	err  error
	// thrown is what ended the job otherwise, nil for nothing.
	thrown *thrown
}

// open takes further sequences for n beams, as many as are free, with what the first one
// holds.
func (l *beamLanes) open(ctx context.Context, first *Sequence, n int) error {
	l.all = []*Sequence{first}
	for len(l.all) < n {
		seq, err := first.forkNow(ctx)
		if errors.Is(err, errNotNow) {
			return nil
		}
		if err != nil {
			return err
		}
		l.all = append(l.all, seq)
	}
	return nil
}

// close gives back what open has taken.
func (l *beamLanes) close(err error) error {
	for _, seq := range l.all[min(1, len(l.all)):] {
		err = errors.Join(err, seq.close())
	}
	return err
}

// forward reads the last tokens of beams, and writes the logits behind them to rows.
func (l *beamLanes) forward(ctx context.Context, prompt []int, beams []beam, rows [][]float32) error {
	waiting := make([]beamJob, len(beams))
	for i := range beams {
		waiting[i] = beamJob{beam: i, ids: slices.Concat(prompt, beams[i].tokens)}
	}
	for len(waiting) > 0 {
		var work sync.WaitGroup
		batch := l.assign(&waiting)
		for i := range batch {
			job := &batch[i]
			work.Go(func() {
				guard(func() { job.err = job.run(ctx, rows) }, func(t *thrown) { job.thrown = t })
			})
		}
		work.Wait()
		for i := range batch {
			batch[i].thrown.raise()
		}
		for i := range batch {
			if batch[i].err != nil {
				return batch[i].err
			}
		}
	}
	return nil
}

// assign takes a beam for each sequence, the pairs that share most first.
func (l *beamLanes) assign(waiting *[]beamJob) []beamJob {
	l.batch = l.batch[:0]
	free := slices.Clone(l.all)
	for len(free) > 0 && len(*waiting) > 0 {
		seq, job, most := 0, 0, -1
		for i, s := range free {
			for k := range *waiting {
				if n := sharedPrefix(s.ids, (*waiting)[k].ids); n > most {
					seq, job, most = i, k, n
				}
			}
		}
		taken := (*waiting)[job]
		taken.seq = free[seq]
		l.batch = append(l.batch, taken)
		free = slices.Delete(free, seq, seq+1)
		*waiting = slices.Delete(*waiting, job, job+1)
	}
	return l.batch
}

// run reads what the sequence lacks of the beam.
func (j *beamJob) run(ctx context.Context, rows [][]float32) error {
	keep := min(sharedPrefix(j.seq.ids, j.ids), len(j.ids)-1)
	if err := j.seq.truncate(keep); err != nil {
		return err
	}
	logits, err := j.seq.append(ctx, j.ids[keep:], nil)
	if err != nil {
		return err
	}
	rows[j.beam] = append(rows[j.beam][:0], logits...)
	return nil
}
