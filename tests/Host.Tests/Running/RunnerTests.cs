using FluentAssertions;
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
        Stage stage = new FakeStage(
            "fake",
            a => a.Has(first) ? new UnitList([first, second]) : new UnitList([first], "first is done", 1)
        )
        {
            Name = "s",
        };
        Run([stage])[0].Computed.Should().Be(2);
    }

    [Fact]
    public void Units_that_more_will_follow_are_not_said_to_be_all()
    {
        Unit first = Fake.Unit("first"),
            second = Fake.Unit("second");
        Stage open = new FakeStage(
            "fake",
            a => a.Has(first) ? new UnitList([first, second]) : new UnitList([first], "first is done", 1)
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
        Unit Same() =>
            Fake.Unit(
                "same",
                run =>
                {
                    Interlocked.Increment(ref count);
                    File.WriteAllText(run.File("data.txt"), "x");
                }
            );
        Run([Stage("s", Same(), Same())]);
        count.Should().Be(1);
    }

    [Fact]
    public void After_a_failure_later_stages_do_not_start()
    {
        var outcomes = Run([Stage("s", Failing("bad"), Fake.Unit("good")), Stage("t", Fake.Unit("c"))]);
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
        Unit second = Fake.Unit(
            "second",
            run =>
            {
                cancel.Cancel();
                run.Cancel.ThrowIfCancellationRequested();
            }
        );
        Run([Stage("s", Fake.Unit("first"), second, Fake.Unit("third"))], cancel: cancel.Token, jobs: 1)[0]
            .Should()
            .Match<StageOutcome>(o => o.Computed == 1 && o.Missing == 2 && o.Failures.Count == 0);
        Run([Stage("s", Fake.Unit("first"), Fake.Unit("second"), Fake.Unit("third"))])[0]
            .Should()
            .Match<StageOutcome>(o => o.Computed == 2 && o.Cached == 1);
    }

    [Fact]
    public void Units_of_other_kinds_are_computed_kind_by_kind_and_told_apart()
    {
        var order = new List<string>();
        Unit Of(string kind, string name, params KeyPart[] parts) =>
            Fake.Unit(
                name,
                run =>
                {
                    lock (order)
                    {
                        order.Add(kind);
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
        order.Should().Equal("draw", "draw", "pass", "pass", "pass");
        shown
            .ToString()
            .Should()
            .Contain("s: draw: 2 computed")
            .And.Contain("s: pass: 3 computed")
            .And.Contain("s: 6 computed");
    }

    [Fact]
    public void What_is_found_in_the_store_later_counts_as_cached()
    {
        Unit first = Fake.Unit("first"),
            stored = Fake.Unit("stored");
        Run([Stage("s", stored)]);
        Stage stage = new FakeStage(
            "fake",
            a => a.Has(first) ? new UnitList([first, stored]) : new UnitList([first], "first is done", 1)
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

    private static FakeStage Stage(string name, params Unit[] units) =>
        new("fake", _ => new UnitList(units)) { Name = name };

    private static Unit Failing(string name) => Fake.Unit(name, _ => throw new InvalidDataException("broken"));

    private IReadOnlyList<StageOutcome> Run(
        IReadOnlyList<Stage> stages,
        bool keepGoing = false,
        int jobs = 2,
        string why = "never computed",
        CancellationToken cancel = default
    ) =>
        new Runner(
            Fake.Catalog(folder),
            new LocalExecutor(jobs, () => { }),
            new PlainProgress(shown),
            log,
            _ => [why],
            keepGoing,
            cancel
        ).Run(stages);
}
