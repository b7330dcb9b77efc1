using FluentAssertions;
using Pipelines.Host.Running;
using Pipelines.Stages;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Host.Tests.Running;

/// <summary>What is handed out, against the plain definition of it, which looks through all units each time.</summary>
public sealed class BacklogTests
{
    private const int Stages = 4,
        Pictures = 6,
        Steps = 400;

    private readonly StageWork[] stages =
    [
        .. Enumerable
            .Range(0, Stages)
            .Select(i => new StageWork(new FakeStage("fake", _ => new UnitList([])) { Name = $"{i}" }, i)),
    ];
    private readonly HashSet<Unit> stored = [];

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    public void Hands_out_what_the_definition_says_whatever_others_hold_and_store(int seed, bool startsElsewhere)
    {
        var random = new Random(seed);
        bool IsEven(Unit unit) => Fingerprint.Of(unit)[0] % 2 == 0;
        bool isChoosy = false;
        var backlog = new Backlog(stored.Contains) { MayBegin = unit => !isChoosy || IsEven(unit) };
        var definition = new Definition();
        var taken = new List<Unit>();
        Unit[] all = AddAll(random, backlog, definition);
        int handedOut = 0;
        for (int step = 0; step < Steps; step++)
        {
            backlog.End = random.Next(4) == 0 ? random.Next(Stages + 1) : Stages;
            isChoosy = random.Next(4) == 0;
            if (startsElsewhere && step == Steps / 8)
            {
                backlog.Start = 12345;
            }

            switch (random.Next(6))
            {
                case 0 or 1:
                    string?[] others = [$"{random.Next(Pictures)}", null];
                    Unit? elsewhere = backlog.TakeElsewhere(others);
                    if (backlog.Start is null)
                    {
                        definition
                            .Elsewhere(others, backlog.End, backlog.MayBegin)
                            .Should()
                            .Be(elsewhere, "step {0}", step);
                    }

                    Take(elsewhere);
                    break;
                case 2:
                    string near = $"{random.Next(Pictures)}";
                    Unit? unit = backlog.TakeNear(near);
                    if (backlog.Start is null || unit?.Picture is not null)
                    {
                        definition.Near(near, backlog.End, backlog.MayBegin).Should().Be(unit, "step {0}", step);
                    }

                    Take(unit);
                    break;
                case 3 when taken.Count > 0: // another process holds it, and all that is claimed with it
                    Unit refused = PickTaken();
                    definition.State[refused] = EntryState.Ready;
                    definition.Blocked.Add(ClaimKey.Of(refused).Key);
                    backlog.PutBack(refused);
                    backlog.Block(refused);
                    break;
                case 4 when taken.Count > 0:
                    Unit done = PickTaken();
                    stored.Add(done);
                    definition.Over(done);
                    backlog.Over(done, isThere: true);
                    break;
                case 5 when backlog.IsHeldUp: // a look at what was held longest
                    ClaimedUnits held = backlog.Held.First();
                    Unit first = held.Ready.Min!.Unit;
                    if (random.Next(2) == 0)
                    {
                        stored.Add(first);
                        definition.Over(first);
                        backlog.Found(first);
                    }

                    definition.Blocked.Remove(held.Key.Key);
                    backlog.Unblock(held);
                    break;
            }

            backlog
                .Held.SelectMany(c => c.Ready)
                .Select(e => e.Unit)
                .Should()
                .BeEquivalentTo(definition.HeldUp(), "step {0}", step);
            backlog.HasPictures.Should().Be(definition.HasPictures(), "step {0}", step);
        }

        handedOut.Should().BeGreaterThan(all.Length / 2, "else little was seen");

        void Take(Unit? unit)
        {
            if (unit is not null)
            {
                definition.State[unit].Should().Be(EntryState.Ready);
                definition.IsBlocked(unit).Should().BeFalse();
                definition.State[unit] = EntryState.Taken;
                taken.Add(unit);
                handedOut++;
            }
        }

        Unit PickTaken()
        {
            Unit picked = taken[random.Next(taken.Count)];
            taken.Remove(picked);
            return picked;
        }
    }

    [Fact]
    public void Processes_that_met_others_go_to_different_pictures()
    {
        string?[] first =
        [
            .. new ulong[] { 1, 2, 3, 4, 5 }.Select(start =>
            {
                var backlog = new Backlog(_ => false);
                foreach (int picture in Enumerable.Range(0, Pictures))
                {
                    backlog.Add(stages[0], Fake.Unit($"{picture}", pictures: [$"{picture}"]));
                }

                backlog.Start = start;
                return backlog.TakeElsewhere([])!.Picture;
            }),
        ];
        first.Distinct().Should().HaveCountGreaterThan(1);
    }

    [Fact]
    public void What_becomes_ready_of_a_claim_that_others_hold_is_passed_over_until_it_is_tried_again()
    {
        Unit pass = Fake.Unit("pass", pictures: ["1"]),
            scan = Fake.Unit("scan", pictures: ["1"], parts: new KeyPart.Inputs("in", [Fake.Unit("elsewhere")]));
        var backlog = new Backlog(stored.Contains);
        backlog.Add(stages[0], pass);
        backlog.Add(stages[1], scan);
        backlog.TakeElsewhere([]).Should().Be(pass);
        backlog.PutBack(pass);
        backlog.Block(pass);
        backlog.Found(Fake.Unit("elsewhere"));
        backlog.TakeElsewhere([]).Should().BeNull();
        backlog.HasPictures.Should().BeFalse("who holds one pass holds all of its picture");
        backlog.Held.Single().Ready.Select(e => e.Unit).Should().Equal(pass, scan);
        backlog.Found(pass);
        backlog.Unblock(backlog.Held.Single());
        backlog.IsHeldUp.Should().BeFalse();
        backlog.TakeElsewhere([]).Should().Be(scan);
    }

    /// <summary>Units about a picture or none, half of them behind others.</summary>
    private Unit[] AddAll(Random random, Backlog backlog, Definition definition)
    {
        var all = new List<Unit>();
        foreach (int i in Enumerable.Range(0, 90))
        {
            Unit[] inputs = i > 8 && random.Next(2) == 0 ? [all[random.Next(all.Count)]] : [];
            Unit unit = Fake.Unit(
                $"{i}",
                pictures: random.Next(3) == 0 ? null : [$"{random.Next(Pictures)}"],
                parts: new KeyPart.Inputs("in", inputs)
            );
            StageWork stage = stages[random.Next(Stages)];
            all.Add(unit);
            definition.Add(unit, stage, inputs);
            backlog.Add(stage, unit);
        }

        return [.. all];
    }

    /// <summary>The definition, in the fewest words.</summary>
    private sealed class Definition
    {
        private readonly List<(Unit Unit, StageWork Stage, Unit[] Inputs)> all = [];
        private readonly List<string> pictures = []; // as something about them was first ready

        public Dictionary<Unit, EntryState> State { get; } = [];

        public HashSet<string> Blocked { get; } = [];

        public void Add(Unit unit, StageWork stage, Unit[] inputs)
        {
            if (unit.Picture is { } picture && !pictures.Contains(picture) && inputs.Length == 0)
            {
                pictures.Add(picture);
            }

            all.Add((unit, stage, inputs));
            State[unit] = inputs.Length == 0 ? EntryState.Ready : EntryState.Waiting;
        }

        public void Over(Unit unit)
        {
            State[unit] = EntryState.Over;
            foreach (var (behind, _, inputs) in all)
            {
                if (State[behind] == EntryState.Waiting && inputs.All(i => State[i] == EntryState.Over))
                {
                    State[behind] = EntryState.Ready;
                }
            }

            // Of a claim with nothing ready nobody knows whether others still hold it: it is tried again
            Blocked.RemoveWhere(claim =>
                !all.Any(a => a.Unit != unit && State[a.Unit] == EntryState.Ready && ClaimKey.Of(a.Unit).Key == claim)
            );
        }

        public bool IsBlocked(Unit unit) => Blocked.Contains(ClaimKey.Of(unit).Key);

        public Unit? Near(string picture, int end, Func<Unit, bool> mayBegin) =>
            InOrder(end, mayBegin).FirstOrDefault(u => u.Picture == picture)
            ?? InOrder(end, mayBegin).FirstOrDefault(u => u.Picture is null);

        public Unit? Elsewhere(string?[] others, int end, Func<Unit, bool> mayBegin)
        {
            Unit[] ready = [.. InOrder(end, mayBegin).Where(u => u.Picture is not null)];
            string? furthest = ready
                .GroupBy(u => u.Picture)
                .Where(g => !others.Contains(g.Key))
                .Select(g => g.Last())
                .MinBy(u => (-StageOf(u), pictures.IndexOf(u.Picture!)))
                ?.Picture;
            return ready.FirstOrDefault(u => u.Picture == (furthest ?? others[0]));
        }

        public Unit[] HeldUp() => [.. all.Select(a => a.Unit).Where(u => State[u] == EntryState.Ready && IsBlocked(u))];

        public bool HasPictures() =>
            State.Any(s =>
                s.Value is EntryState.Waiting or EntryState.Ready && s.Key.Picture is not null && !IsBlocked(s.Key)
            );

        private IEnumerable<Unit> InOrder(int end, Func<Unit, bool> mayBegin) =>
            all.Where(a =>
                    State[a.Unit] == EntryState.Ready && !IsBlocked(a.Unit) && a.Stage.Number < end && mayBegin(a.Unit)
                )
                .OrderBy(a => a.Stage.Number)
                .Select(a => a.Unit);

        private int StageOf(Unit unit) => all.Single(a => a.Unit == unit).Stage.Number;
    }
}
