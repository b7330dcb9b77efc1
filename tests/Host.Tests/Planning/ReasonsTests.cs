using FluentAssertions;
using Pipelines.Host.Planning;
using Pipelines.Host.Running;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Host.Tests.Planning;

public sealed class ReasonsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("8 pictures", "8 pictures", 'b', "pictures changed: others, or other bytes in them (8 pictures)")]
    [InlineData("100 pictures", "2 pictures", 'b', "pictures changed 100 pictures -> 2 pictures")]
    [InlineData("8 pictures", "8 pictures (of 9)", 'b', "pictures changed 8 pictures -> 8 pictures (of 9)")]
    [InlineData("1.jpg", "2.jpg", 'b', "pictures changed 1.jpg -> 2.jpg")]
    [InlineData("1.jpg", "1.jpg", 'b', "pictures changed: another 1.jpg, or other bytes in it")]
    public void Of_files_no_more_is_said_to_differ_than_their_digest_tells(
        string before,
        string now,
        char digest,
        string reason
    )
    {
        KeyPart.Digest Part(string of, char one) =>
            new("pictures", of, new string(one, 64)) { Files = ["/data/1.jpg", "/data/2.jpg"] };
        Store(Fake.Unit("u", parts: Part(before, 'a')));
        Reasons()
            .Why(Fake.Unit("u", parts: Part(now, digest)), "run")
            .Should()
            .Equal(reason, "compared with results that no run uses");
    }

    [Fact]
    public void A_digest_of_what_is_no_file_speaks_of_no_bytes()
    {
        KeyPart.Digest Part(char one) => new("labels", "17 objects", new string(one, 64));
        Store(Fake.Unit("u", parts: Part('a')));
        Reasons().Why(Fake.Unit("u", parts: Part('b')), "run")[0].Should().Be("labels changed (17 objects)");
    }

    [Fact]
    public void A_unit_is_compared_with_its_own_run_however_near_another_comes()
    {
        Unit Made(int seed, double alpha) =>
            Fake.Unit("u", parts: [new KeyPart.Integer("seed", seed), new KeyPart.Number("alpha", alpha)]);
        Unit own = Made(1, 0.5),
            others = Made(2, 0.5),
            nobodys = Made(2, 0.25);
        Store(own, others, nobodys);
        Use("own", own);
        Use("set/prompt=p1", others);

        Unit wanted = Made(2, 0.125);
        Reasons().Why(wanted, "own").Should().Equal("seed changed 1 -> 2", "alpha changed 0.5 -> 0.125");
        Reasons()
            .Why(wanted, "set/prompt=p1")
            .Should()
            .Equal(["alpha changed 0.5 -> 0.125"], "nothing is compared with what the run itself did not use");
        Reasons()
            .Why(wanted, "new")
            .Should()
            .Equal("alpha changed 0.5 -> 0.125", "compared with the run set/prompt=p1");
        Use("twin", others);
        Reasons().Why(wanted, "new")[^1].Should().Be("compared with the runs set/prompt=p1 and twin");
        Use("a", others);
        Reasons().Why(wanted, "new")[^1].Should().Be("compared with the runs a, set/prompt=p1 and 1 more");
    }

    [Fact]
    public void What_no_run_uses_is_compared_with_last_and_said_to_be_that()
    {
        Store(Fake.Unit("u", parts: new KeyPart.Integer("seed", 1)));
        Reasons()
            .Why(Fake.Unit("u", parts: new KeyPart.Integer("seed", 2)), "run")
            .Should()
            .Equal("seed changed 1 -> 2", "compared with results that no run uses");
    }

    [Fact]
    public void A_unit_that_was_deleted_is_said_to_have_been_there()
    {
        Unit unit = Fake.Unit("u", parts: new KeyPart.Integer("seed", 1)),
            other = Fake.Unit("u", parts: new KeyPart.Integer("seed", 2));
        Store(unit, other);
        using (ArtifactStore store = Fake.Catalog(folder).Store)
        {
            Directory.Delete(store.FolderOf(unit.Kind, unit.Key), recursive: true);
        }

        Reasons().Why(unit, "run").Should().Equal("was stored, and is gone or damaged");
        Reasons().Why(Fake.Unit("v"), "run").Should().Equal("never computed");
    }

    private string Runs => Path.Combine(folder.Path, "runs");

    private Reasons Reasons() => new(Fake.Catalog(folder).Store, Runs);

    private void Store(params Unit[] units)
    {
        var catalog = Fake.Catalog(folder);
        Array.ForEach(units, u => catalog.Compute(u, _ => { }, default));
    }

    private void Use(string run, Unit unit) =>
        new UnitsFile(Directory.CreateDirectory(Path.Combine(Runs, run)).FullName).Add([unit]);
}
