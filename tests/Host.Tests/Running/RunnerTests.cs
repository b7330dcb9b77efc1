using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Host.Progress;
using Pipelines.Host.Running;
using Pipelines.Stages;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Host.Tests.Running;

public sealed class RunnerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly RunLog log;
    private readonly StringWriter shown = new();

    public RunnerTests() => log = new RunLog(Path.Combine(folder.Path, "log.txt"));

    public void Dispose()
    {
        log.Dispose();
        shown.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_second_run_computes_nothing()
    {
        Stage stage = Stage("s", Fake.Unit("a"), Fake.Unit("b"));
        Run([stage])[0].Computed.Should().Be(2);
        Run([stage])[0].Should().Match<StageOutcome>(o => o.Computed == 0 && o.Cached == 2 && o.Whole);
    }

    [Fact]
    public void Units_that_become_known_later_are_computed_too()
    {
        Unit first = Fake.Unit("first"),
            second = Fake.Unit("second");
        Stage stage = new FakeStage("fake", a =>
            a.Has(first) ? new UnitList([first, second]) : new UnitList([first], "first is done", 1)
        )
        {
            Name = "s",
        };
        Run([stage])[0].Computed.Should().Be(2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_stored_unit_that_is_taken_away_under_the_run_whole_or_by_file_is_computed_again(bool isWhole)
    {
        int times = 0;
        bool isCleaned = false;
        Catalog catalog = Fake.Catalog(folder);
        Unit first = Fake.Unit("first", run =>
        {
            times++;
            File.WriteAllText(run.File("data.txt"), "first");
        });
        Unit second = Fake.Unit("second", run =>
        {
            string stored = catalog.Artifacts.File(first, "data.txt");
            if (!isCleaned && isWhole)
            {
                Directory.Delete(Path.GetDirectoryName(stored)!, recursive: true);
            }
            else if (!isCleaned)
            {
                File.Delete(stored);
            }

            isCleaned = true;
            File.WriteAllText(run.File("data.txt"), File.ReadAllText(stored));
        });
        Stage one = Stage("one", first),
            two = new FakeStage("fake", a =>
                a.Has(first) ? new UnitList([second]) : new UnitList([], "first is done", 1)
            )
            {
                Name = "two",
            };

        IReadOnlyList<StageOutcome> outcomes = catalog.Rereading(() => Run([one, two], catalog: catalog));

        outcomes.Should().OnlyContain(o => o.Whole);
        times.Should().Be(2);
        File.ReadAllText(catalog.Artifacts.File(second, "data.txt")).Should().Be("first");
    }

    [Fact]
    public void Units_that_more_will_follow_are_not_said_to_be_all()
    {
        Unit first = Fake.Unit("first"),
            second = Fake.Unit("second");
        Stage open = new FakeStage("fake", a =>
            a.Has(first) ? new UnitList([first, second]) : new UnitList([first], "first is done", 1)
        )
        {
            Name = "s",
        };
        Run([open], why: "alpha changed 1 -> 2");
        shown
            .ToString()
            .Should()
            .Contain("s: 1 of 1 unit known so far to compute, because alpha changed 1 -> 2")
            .And.Contain("s: 2 computed");
        Run([Stage("t", Fake.Unit("third"), Fake.Unit("fourth"))], why: "beta is new");
        shown.ToString().Should().Contain("t: 2 of 2 units to compute, because beta is new");
    }

    [Fact]
    public void The_same_unit_twice_is_computed_once()
    {
        int count = 0;
        Unit Same() => Fake.Unit("same", run =>
            {
                Interlocked.Increment(ref count);
                File.WriteAllText(run.File("data.txt"), "x");
            });
        Run([Stage("s", Same(), Same())]);
        count.Should().Be(1);
    }

    [Fact]
    public void After_a_failure_later_stages_do_not_start()
    {
        var outcomes = Run([Stage("s", Failing("bad"), Fake.Unit("good")), Stage("t", Fake.Unit("c"))], jobs: 1);
        outcomes.Should().ContainSingle().Which.Failures.Should().ContainSingle();
        shown.ToString().Should().Contain("bad failed");
    }

    [Fact]
    public void Keep_going_computes_all_that_does_not_depend_on_the_failure()
    {
        Unit bad = Failing("bad"),
            good = Fake.Unit("good");
        Stage second = Stage(
            "t",
            Fake.Unit("of bad", parts: new KeyPart.Inputs("in", [bad])),
            Fake.Unit("of good", parts: new KeyPart.Inputs("in", [good]))
        );
        var outcomes = Run([Stage("s", bad, good), second], keepGoing: true);
        outcomes.Should().HaveCount(2);
        outcomes[1].Should().Match<StageOutcome>(o => o.Computed == 1 && o.Missing == 1 && !o.Whole);
    }

    [Fact]
    public void An_interrupted_run_drops_the_unit_in_flight_and_goes_on_later()
    {
        using var cancel = new CancellationTokenSource();
        Unit second = Fake.Unit("second", run =>
        {
            cancel.Cancel();
            run.Cancel.ThrowIfCancellationRequested();
        });
        Run([Stage("s", Fake.Unit("first"), second, Fake.Unit("third"))], cancel: cancel.Token, jobs: 1)[0]
            .Should()
            .Match<StageOutcome>(o => o.Computed == 1 && o.Missing == 2 && o.Failures.Count == 0);
        Run([Stage("s", Fake.Unit("first"), Fake.Unit("second"), Fake.Unit("third"))])[0]
            .Should()
            .Match<StageOutcome>(o => o.Computed == 2 && o.Cached == 1);
    }

    [Fact]
    public void What_would_not_be_done_before_the_process_is_ended_is_left_and_the_rest_is_computed()
    {
        var deadline = new Deadline(TimeSpan.FromHours(1), () => TimeSpan.Zero);
        deadline.Begins((kind, _) => kind == "long" ? 5000 : 1);
        Unit large = Fake.Unit("large", kind: "long"),
            behind = Fake.Unit("behind", parts: new KeyPart.Inputs("in", [large]));
        Stage[] stages = [Stage("s", large, Fake.Unit("small")), Stage("t", behind, Fake.Unit("other"))];
        var outcomes = Run(stages, deadline: deadline);
        outcomes.Select(o => (o.Computed, o.Missing, o.Failures.Count)).Should().Equal((1, 1, 0), (1, 1, 0));
        deadline.IsReached.Should().BeTrue();
        Run(stages).Should().OnlyContain(o => o.Whole);
    }

    [Fact]
    public void Units_of_other_kinds_are_told_apart_and_come_after_what_they_read()
    {
        var order = new List<string>();
        Unit Of(string kind, string name, params KeyPart[] parts) =>
            Fake.Unit(
                name,
                run =>
                {
                    lock (order)
                    {
                        order.Add($"{kind} {name}");
                    }

                    File.WriteAllText(run.File("data.txt"), name);
                },
                kind: kind,
                parts: parts
            );
        Unit[] drawn = [Of("draw", "a"), Of("draw", "b")];
        Unit[] passed =
        [
            Of("pass", "a", new KeyPart.Inputs("in", [drawn[0]])),
            Of("pass", "b", new KeyPart.Inputs("in", [drawn[1]])),
            Of("pass", "c"),
        ];
        Run([
            Stage(
                "s",
                [
                    drawn[0],
                    passed[0],
                    passed[2],
                    drawn[1],
                    passed[1],
                    Fake.Unit("table", parts: new KeyPart.Inputs("in", passed)),
                ]
            ),
        ])[0]
            .Computed.Should()
            .Be(6);
        order.Should().BeEquivalentTo("draw a", "draw b", "pass a", "pass b", "pass c");
        order.Should().ContainInOrder("draw a", "pass a").And.ContainInOrder("draw b", "pass b");
        shown
            .ToString()
            .Should()
            .Contain("s: draw: 2 computed")
            .And.Contain("s: pass: 3 computed")
            .And.Contain("s: 6 computed");
    }

    [Fact]
    public void A_picture_goes_through_all_stages_before_the_next_behind_what_all_need()
    {
        var order = new List<string>();
        Run(OfPictures(3, order.Add), jobs: 1).Should().OnlyContain(o => o.Whole);
        string[] each = ["ask", "ends", "pass a", "pass b", "fit", "scan"];
        order
            .Should()
            .Equal(["mean", .. Enumerable.Range(0, 3).SelectMany(i => each.Select(what => $"{what} of {i}"))]);
    }

    [Fact]
    public void What_is_stored_of_other_pictures_is_finished_before_a_new_one_is_begun()
    {
        var order = new List<string>();
        Stage[] all = OfPictures(3, order.Add);
        Run(all[..2], jobs: 1); // all are asked about
        order.Clear();
        Run(all, jobs: 1);
        order.Should().HaveCount(15).And.OnlyHaveUniqueItems();
        order.Select(what => what[^1]).Should().BeInAscendingOrder("a picture is not left before it is done");
    }

    [Fact]
    public void Several_workers_compute_each_unit_once_and_are_at_no_more_pictures_than_workers()
    {
        var order = new List<string>();
        var now = new List<char>();
        int most = 0;
        Run(OfPictures(6, what =>
                {
                    lock (order)
                    {
                        order.Add(what);
                        now.Add(what[^1]);
                        most = Math.Max(most, now.Where(char.IsDigit).Distinct().Count());
                    }

                    Thread.Sleep(1);
                    lock (order)
                    {
                        now.Remove(what[^1]);
                    }
                }), jobs: 3)
            .Should()
            .OnlyContain(o => o.Whole);
        order.Should().HaveCount(37).And.OnlyHaveUniqueItems();
        order[0].Should().Be("mean");
        most.Should().BeInRange(1, 3);
    }

    [Fact]
    public void A_stage_that_what_is_stored_leaves_nothing_to_do_ends_the_run_after_those_before_it()
    {
        Unit first = Fake.Unit("first"),
            second = Fake.Unit("second", parts: new KeyPart.Inputs("in", [first])),
            last = Fake.Unit("last");
        var refused = new InputException("t", "nothing is left.", "Ask for less.");
        Stage[] stages =
        [
            Stage("s", first, second),
            new FakeStage("fake", _ => throw refused) { Name = "t" },
            Stage("u", last),
        ];
        var run = () => Run(stages);
        run.Should().Throw<InputException>().Which.Should().BeSameAs(refused);
        var there = Fake.Catalog(folder).Artifacts;
        there.Has(second).Should().BeTrue();
        there.Has(last).Should().BeFalse();
    }

    [Fact]
    public void What_is_found_in_the_store_later_counts_as_cached()
    {
        Unit first = Fake.Unit("first"),
            stored = Fake.Unit("stored");
        Run([Stage("s", stored)]);
        Stage stage = new FakeStage("fake", a =>
            a.Has(first) ? new UnitList([first, stored]) : new UnitList([first], "first is done", 1)
        )
        {
            Name = "s",
        };
        Run([stage])[0].Should().Match<StageOutcome>(o => o.Computed == 1 && o.Cached == 1);
    }

    [Fact]
    public void The_reason_names_the_part_that_changed_from_and_to()
    {
        Run([Stage("s", Fake.Unit("u", parts: new KeyPart.Number("alpha", 0.5)))]);
        var reasons = new Reasons(Fake.Catalog(folder).Store, folder.Path);
        reasons
            .Why(Fake.Unit("u", parts: new KeyPart.Number("alpha", 0.25)), "run")
            .Should()
            .StartWith("alpha changed 0.5 -> 0.25");
        reasons
            .Why(Fake.Unit("u", version: 2, parts: new KeyPart.Number("alpha", 0.5)), "run")
            .Should()
            .StartWith("stage version 1 -> 2");
        reasons.Why(Fake.Unit("v"), "run").Should().Equal("never computed");
        reasons
            .Why(Fake.Unit("u", parts: [new KeyPart.Number("alpha", 0.5), new KeyPart.Text("beta", "x")]), "run")
            .Should()
            .StartWith("beta is new (x)");
    }

    /// <summary>
    /// Stages as those of an experiment: pictures are asked about, a mean goes over several, and what follows an answer
    /// is known when it is there.
    /// </summary>
    private static Stage[] OfPictures(int count, Action<string> computed)
    {
        Unit Of(string name, string[] pictures, params Unit[] inputs) =>
            Fake.Unit(
                name,
                run =>
                {
                    computed(name);
                    File.WriteAllText(run.File("data.txt"), name);
                },
                pictures: pictures,
                parts: new KeyPart.Inputs("in", inputs)
            );

        Unit OfPicture(string what, int picture, params Unit[] inputs) =>
            Of($"{what} of {picture}", [$"{picture}"], inputs);

        Unit[] asks = [.. Enumerable.Range(0, count).Select(i => OfPicture("ask", i))];
        Unit mean = Of("mean", ["0", "1", "2"]);
        Unit[] ends = [.. asks.Select((_, i) => OfPicture("ends", i, mean))];
        Unit[][] passes =
        [
            .. ends.Select((end, i) => new[] { OfPicture("pass a", i, end), OfPicture("pass b", i, end) }),
        ];
        Unit[] fits = [.. passes.Select((pass, i) => Of($"fit of {i}", [], pass))];
        Unit[] scans = [.. fits.Select((fit, i) => OfPicture("scan", i, fit))];
        Stage Behind(string name, Unit[] known, Func<int, Unit[]> of) =>
            new FakeStage("fake", a => new UnitList(
                [.. Enumerable.Range(0, count).Where(i => a.Has(known[i])).SelectMany(of)],
                known.All(a.Has) ? null : "more is known"
            ))
            {
                Name = name,
            };
        return
        [
            Stage("answers", asks),
            Stage("baseline", mean),
            Behind("ends", asks, i => [ends[i]]),
            Behind("forward", ends, i => passes[i]),
            Behind("attribution", ends, i => [fits[i]]),
            Behind("validation", ends, i => [scans[i]]),
        ];
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_ends_the_run_and_leaves_no_worker_waiting()
    {
        // The other worker waits for this unit, whose failure cannot be told
        Unit unit = Fake.Unit("broken", _ =>
        {
            Thread.Sleep(100);
            log.Dispose();
            throw new InvalidDataException("broken");
        });
        Func<Task> run = () => Task.Run(() => Run([Stage("one", unit)])).WaitAsync(TimeSpan.FromMinutes(1));
        await run.Should().ThrowAsync<ObjectDisposedException>();
    }

    private static FakeStage Stage(string name, params Unit[] units) =>
        new("fake", _ => new UnitList(units)) { Name = name };

    private static Unit Failing(string name) => Fake.Unit(name, _ => throw new InvalidDataException("broken"));

    private IReadOnlyList<StageOutcome> Run(
        IReadOnlyList<Stage> stages,
        bool keepGoing = false,
        int jobs = 2,
        string why = "never computed",
        Deadline? deadline = null,
        Catalog? catalog = null,
        CancellationToken cancel = default
    ) =>
        new Runner(
            catalog ?? Fake.Catalog(folder),
            new LocalExecutor(jobs, () => { }),
            new PlainProgress(shown),
            log,
            _ => [why],
            keepGoing,
            cancel,
            deadline: deadline
        ).Run(stages);
}
