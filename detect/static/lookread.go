package static

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"cidrx/detect/login"
	"cidrx/detect/parse"
)

// view looks at the lines of a log that is read again. Each worker has its own.
type view interface {
	// brief looks at a line of the usual shape, and says whether see is to have the whole of it.
	brief(b *parse.Brief) (whole bool)
	// see looks at an event. known: brief has seen it.
	see(ev *parse.Event, known bool)
	// piece returns what must be put together in the order of the log, of what was seen since it was last called.
	piece() any
}

// job is a block on its way from the reader to a worker and back, in order. Blocks depend on nothing but the log, so what is put together
// in their order does not depend on who read which.
type job struct {
	buf   []byte
	lines []byte // whole lines, in buf
	last  bool   // behind the log's last block
	piece any
	done  chan struct{}
}

// reread shows all events of a log to views, a goroutine each, and hands their pieces to join in the order of the log. Lines that do not
// parse are passed over: they have been counted.
func (a *Analysis) reread(ctx context.Context, l *readLog, views []view, join func(piece any)) error {
	if l.lines == 0 {
		return nil
	}
	if !stateless(l.format) {
		views = views[:1]
	}
	var workers []*linesAgain
	for _, v := range views {
		w, err := a.linesAgain(l, v)
		if err != nil {
			return err
		}
		workers = append(workers, w)
	}
	in, err := l.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	group, ctx := errgroup.WithContext(ctx)
	todo, inOrder, free := make(chan *job), make(chan *job, 2*len(views)), make(chan []byte, 4*len(views))
	s := newBlocks(in, blockSize)
	group.Go(func() error {
		defer close(todo)
		defer close(inOrder)
		return shielded(s.mapped, func() error { return a.cut(ctx, s, free, inOrder, todo) })
	})
	for _, w := range workers {
		group.Go(func() error { return shielded(s.mapped, func() error { return w.work(s, todo) }) })
	}
	group.Go(func() error { return shielded(s.mapped, func() error { return inTurn(ctx, inOrder, free, join) }) })
	if err := group.Wait(); err != nil {
		return fmt.Errorf("%s: second read: %w", l.Name, err)
	}
	return nil
}

// stateless tells whether lines of a format can be read in any order.
func stateless(format string) bool {
	return format != "sshd" && format != "nginx-error" && format != "auto"
}

// cut reads the log and hands out its blocks, at last an empty one.
func (a *Analysis) cut(ctx context.Context, s *blocks, free <-chan []byte, to ...chan<- *job) error {
	for {
		j := &job{done: make(chan struct{})}
		select {
		case j.buf = <-free:
		default:
			j.buf = s.buffer()
		}
		b, err := s.next(ctx, j.buf)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		j.lines, j.last = b.lines, err != nil
		for _, c := range to {
			select {
			case c <- j:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if j.last {
			return nil
		}
		if p := a.options.Progress; p != nil {
			p.Bytes.Add(uint64(len(b.lines)))
			p.Lines.Add(uint64(bytes.Count(b.lines, []byte{'\n'})))
		}
	}
}

// inTurn joins the pieces of jobs that are done, each when its turn has come.
func inTurn(ctx context.Context, jobs <-chan *job, free chan<- []byte, join func(any)) error {
	for j := range jobs {
		select {
		case <-j.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		join(j.piece)
		select {
		case free <- j.buf:
		default:
		}
	}
	return nil
}

// linesAgain reads the lines of blocks for one view.
type linesAgain struct {
	view   view
	parser parse.Briefer
	stage  *login.Assembler
	briefs []parse.Brief
	ev     parse.Event
	arena  parse.Arena
	due    []parse.Event
}

func (a *Analysis) linesAgain(l *readLog, v view) (*linesAgain, error) {
	o := a.options.Parse
	o.Year = func() time.Time { return l.Written }
	parser, err := parse.New(l.format, o)
	if err != nil {
		return nil, err
	}
	return &linesAgain{view: v, parser: parse.BrieferOf(parser), stage: login.New(0), briefs: make([]parse.Brief, 256)}, nil
}

func (l *linesAgain) work(s *blocks, todo <-chan *job) error {
	for j := range todo {
		for from := 0; from < len(j.lines); {
			var n int
			n, from = l.parser.Briefs(j.lines, from, 0, l.briefs)
			l.lines(j.lines, l.briefs[:n])
		}
		if j.last {
			l.stage.Flush()
			l.collect()
		}
		j.piece = l.view.piece()
		s.done(block{lines: j.lines})
		j.lines = nil
		close(j.done)
	}
	return nil
}

func (l *linesAgain) lines(block []byte, briefs []parse.Brief) {
	for i := range briefs {
		b := &briefs[i]
		if !b.Usual || l.view.brief(b) {
			l.line(block[b.Begin:b.End], b.Usual)
		}
	}
}

func (l *linesAgain) line(line []byte, known bool) {
	line = bytes.TrimLeft(line, "\x00")
	if len(line) > maxLine {
		return
	}
	if line = trim(line); len(line) == 0 {
		return
	}
	l.arena.Reset()
	if l.parser.Parse(line, &l.ev, &l.arena) != nil {
		return
	}
	whole := l.stage.Add(&l.ev)
	l.collect()
	if whole {
		l.view.see(&l.ev, known)
	}
}

// collect shows the login attempts that no line of their own decided.
func (l *linesAgain) collect() {
	l.due = l.stage.Due(l.due[:0])
	for i := range l.due {
		l.view.see(&l.due[i], false)
	}
}
