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
    public void Hands_out_what_the_definition_says_whatever_others_hold_and_store(int seed, bool hasOwnOrder)
    {
        var random = new Random(seed);
        bool isChoosy = false;
        bool IsEven(Unit unit) => Fingerprint.Of(unit)[0] % 2 == 0;
        var backlog = new Backlog(stored.Contains) { MayBegin = unit => !isChoosy || IsEven(unit) };
        var definition = new Definition();
        var taken = new List<Unit>();
        int all = AddAll(random, backlog, definition),
            handedOut = 0;
        for (int step = 0; step < Steps; step++)
        {
            backlog.End = random.Next(4) == 0 ? random.Next(Stages + 1) : Stages;
            isChoosy = random.Next(4) == 0;
            if (hasOwnOrder && step == Steps / 8)
            {
                backlog.OwnOrder = 12345;
            }

            switch (random.Next(7))
            {
                case 0 or 1:
                    string?[] others = [$"{random.Next(Pictures)}", null];
                    Unit? elsewhere = backlog.TakeElsewhere(others);
                    definition.RequireElsewhere(elsewhere, others, backlog);
                    Take(elsewhere);
                    break;
                case 2:
                    string near = $"{random.Next(Pictures)}";
                    Unit? unit = backlog.TakeNear(near);
                    definition.RequireNear(unit, near, backlog);
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
                    definition.Over(done, isThere: true);
                    backlog.Over(done, isThere: true);
                    break;
                case 5 when taken.Count > 0 && random.Next(8) == 0:
                    Unit failed = PickTaken();
                    definition.Over(failed, isThere: false);
                    backlog.Over(failed, isThere: false);
                    break;
                case 6 when backlog.IsHeldUp:
                    ClaimedUnits held = backlog.Held.First();
                    bool isTriedAgain = random.Next(3) > 0;
                    if (random.Next(2) == 0)
                    {
                        Unit first = held.Ready.Min!.Unit;
                        stored.Add(first);
                        definition.Over(first, isThere: true);
                        backlog.Found(first);
                    }

                    if (isTriedAgain)
                    {
                        definition.Blocked.Remove(held.Claim.Key);
                        backlog.Unblock(held);
                    }

                    break;
            }

            backlog
                .Held.SelectMany(c => c.Ready)
                .Select(e => e.Unit)
                .Should()
                .BeEquivalentTo(definition.HeldUp(), "step {0}", step);
            backlog.HasPictures.Should().Be(definition.HasPictures(), "step {0}", step);
            backlog.NotToBegin().Should().BeEquivalentTo(definition.NotToBegin(backlog), "step {0}", step);
        }

        handedOut.Should().BeGreaterThan(all / 2, "else little was seen");

        void Take(Unit? unit)
        {
            if (unit is not null)
            {
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
    public void What_others_hold_has_its_turn_in_the_order_in_which_it_was_tried()
    {
        var backlog = new Backlog(stored.Contains);
        foreach (int i in Enumerable.Range(0, 20))
        {
            backlog.Add(stages[0], Fake.Unit($"{i}", pictures: [$"{i}"]));
        }

        Unit[] tried = [.. Enumerable.Range(0, 20).Select(_ => Refused())];
        Held().Should().Equal(tried);
        backlog.Unblock(backlog.Held.First());
        Refused().Should().Be(tried[0]);
        Held().Should().Equal([.. tried[1..], tried[0]], "a look at the first sixteen comes to the others, too");

        Unit Refused()
        {
            Unit unit = backlog.TakeElsewhere([])!;
            backlog.PutBack(unit);
            backlog.Block(unit);
            return unit;
        }

        IEnumerable<Unit> Held() => backlog.Held.Select(c => c.Ready.Single().Unit);
    }

    [Fact]
    public void Processes_that_met_others_go_to_different_pictures()
    {
        string?[] first =
        [
            .. new ulong[] { 1, 2, 3, 4, 5 }.Select(order =>
            {
                var backlog = new Backlog(_ => false);
                foreach (int picture in Enumerable.Range(0, Pictures))
                {
                    backlog.Add(stages[0], Fake.Unit($"{picture}", pictures: [$"{picture}"]));
                }

                backlog.OwnOrder = order;
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

    /// <summary>Units about a picture, several or none, half of them behind others.</summary>
    private int AddAll(Random random, Backlog backlog, Definition definition)
    {
        var all = new List<Unit>();
        foreach (int i in Enumerable.Range(0, 120))
        {
            Unit[] inputs = i > 8 && random.Next(2) == 0 ? [all[random.Next(all.Count)]] : [];
            string[]? pictures = random.Next(30) switch
            {
                0 => ["1", "2"],
                < 10 => null,
                _ => [$"{random.Next(Pictures)}"],
            };
            Unit unit = Fake.Unit($"{i}", pictures: pictures, parts: new KeyPart.Inputs("in", inputs));
            StageWork stage = stages[random.Next(Stages)];
            all.Add(unit);
            definition.Add(unit, stage, inputs);
            backlog.Add(stage, unit);
        }

        return all.Count;
    }

    /// <summary>The definition, in the fewest words.</summary>
    private sealed class Definition
    {
        private readonly List<(Unit Unit, StageWork Stage, Unit[] Inputs)> all = [];
        private readonly List<string> pictures = []; // as something about them was first ready
        private readonly HashSet<Unit> there = [];

        public Dictionary<Unit, EntryState> State { get; } = [];

        public HashSet<string> Blocked { get; } = [];

        public void Add(Unit unit, StageWork stage, Unit[] inputs)
        {
            all.Add((unit, stage, inputs));
            State[unit] = EntryState.Waiting;
            LookWhatIsReady();
        }

        public void Over(Unit unit, bool isThere)
        {
            State[unit] = EntryState.Over;
            if (isThere)
            {
                there.Add(unit);
            }

            // Of a claim with nothing ready nobody knows whether others still hold it: it is tried again
            Blocked.RemoveWhere(claim =>
                !all.Any(a => State[a.Unit] == EntryState.Ready && ClaimKey.Of(a.Unit).Key == claim)
            );
            LookWhatIsReady();
        }

        public void RequireNear(Unit? found, string picture, Backlog backlog)
        {
            Unit[] ready = ToBegin(backlog),
                free = [.. ready.Where(u => u.Picture is null)];
            Unit? here = ready.FirstOrDefault(u => u.Picture == picture);
            if (backlog.OwnOrder is null || here is not null || free.Length == 0)
            {
                found.Should().Be(here ?? free.FirstOrDefault());
            }
            else
            {
                free.Should().Contain(found!);
            }
        }

        public void RequireElsewhere(Unit? found, string?[] others, Backlog backlog)
        {
            Unit[] ready = [.. ToBegin(backlog).Where(u => u.Picture is not null)];
            Unit[] furthest = // of each other picture, those behind which nothing of any is
            [
                .. ready
                    .GroupBy(u => u.Picture)
                    .Where(g => !others.Contains(g.Key))
                    .Select(g => g.Last())
                    .GroupBy(StageOf)
                    .OrderByDescending(g => g.Key)
                    .Take(1)
                    .SelectMany(g => g),
            ];
            if (State.Any(s => s.Value == EntryState.Taken && s.Key.Pictures.Count > 1))
            {
                found.Should().BeNull("samples wait for what is at work over many pictures");
            }
            else if (furthest.Length == 0)
            {
                found.Should().Be(ready.FirstOrDefault(u => u.Picture == others[0]));
            }
            else if (backlog.OwnOrder is null)
            {
                string? first = furthest.MinBy(u => pictures.IndexOf(u.Picture!))!.Picture;
                found.Should().Be(ready.First(u => u.Picture == first));
            }
            else
            {
                furthest.Select(u => u.Picture).Should().Contain(found!.Picture);
                found.Should().Be(ready.First(u => u.Picture == found.Picture));
            }
        }

        public Unit[] HeldUp() => [.. all.Select(a => a.Unit).Where(u => State[u] == EntryState.Ready && IsBlocked(u))];

        public bool HasPictures() =>
            State.Any(s =>
                s.Value is EntryState.Waiting or EntryState.Ready
                && (s.Key.Pictures.Count > 1 || (s.Key.Pictures.Count == 1 && !IsBlocked(s.Key)))
            );

        public Unit[] NotToBegin(Backlog backlog) => [.. Ready(backlog.End).Where(u => !backlog.MayBegin(u))];

        private void LookWhatIsReady()
        {
            foreach (var (unit, _, inputs) in all)
            {
                if (State[unit] == EntryState.Waiting && inputs.All(there.Contains))
                {
                    State[unit] = EntryState.Ready;
                    if (unit.Picture is { } picture && !pictures.Contains(picture) && !IsBlocked(unit))
                    {
                        pictures.Add(picture);
                    }
                }
            }
        }

        private bool IsBlocked(Unit unit) => Blocked.Contains(ClaimKey.Of(unit).Key);

        private Unit[] ToBegin(Backlog backlog) => [.. Ready(backlog.End).Where(backlog.MayBegin)];

        /// <summary>In order of the stages, those of a stage as they were added.</summary>
        private IEnumerable<Unit> Ready(int end) =>
            all.Where(a => State[a.Unit] == EntryState.Ready && !IsBlocked(a.Unit) && a.Stage.Number < end)
                .OrderBy(a => a.Stage.Number)
                .Select(a => a.Unit);

        private int StageOf(Unit unit) => all.Single(a => a.Unit == unit).Stage.Number;
    }
}
