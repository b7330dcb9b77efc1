using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Host.Tests.Storage;

public sealed class ArtifactStoreTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_was_computed_is_found_by_another_process()
    {
        Unit unit = Fake.Unit("a");
        Fake.Catalog(folder).Compute(unit, _ => { }, default);
        var artifacts = Fake.Catalog(folder).Artifacts;
        artifacts.Has(unit).Should().BeTrue();
        File.ReadAllText(artifacts.File(unit, "data.txt")).Should().Be("a");
        artifacts.Has(Fake.Unit("b")).Should().BeFalse();
    }

    [Fact]
    public void A_failing_unit_leaves_nothing_behind()
    {
        Unit unit = Fake.Unit(
            "a",
            run =>
            {
                File.WriteAllText(run.File("half.txt"), "half");
                throw new InvalidDataException("no");
            }
        );
        Fake.Catalog(folder).Invoking(c => c.Compute(unit, _ => { }, default)).Should().Throw<InvalidDataException>();
        Directory.EnumerateFileSystemEntries(Path.Combine(folder.Path, "fake")).Should().BeEmpty();
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_an_error_that_names_it_and_no_damage()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Unit unit = Fake.Unit("a");
        Fake.Catalog(folder).Compute(unit, _ => { }, default);
        ArtifactStore store = Fake.Catalog(folder).Store;
        string stored = store.FolderOf(unit.Kind, unit.Key),
            data = Path.Combine(stored, "data.txt"),
            manifest = Path.Combine(stored, Manifest.FileName);
        File.Delete(data);
        File.CreateSymbolicLink(data, "/proc/self/mem"); // to read its first page is an input/output error
        Manifest before = Manifest.Read(manifest)!;
        ManifestFile file = before.Files.Single() with { Bytes = 0 }; // as it says of itself
        File.WriteAllBytes(manifest, (before with { Files = [file] }).ToJson());
        store
            .Invoking(s => s.Find(unit.Kind, unit.Key))
            .Should()
            .Throw<InputException>()
            .WithMessage($"{data}: cannot be read (*). Make it readable, or delete {stored}: *");
        Directory.Exists(stored).Should().BeTrue();
    }

    [Fact]
    public void What_is_damaged_and_cannot_be_set_aside_is_an_error_that_names_it()
    {
        Unit unit = Fake.Unit("a");
        Fake.Catalog(folder).Compute(unit, _ => { }, default);
        ArtifactStore store = Fake.Catalog(folder).Store;
        string stored = store.FolderOf(unit.Kind, unit.Key);
        File.Delete(Path.Combine(stored, "data.txt"));
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(stored)!, ".damaged"), "no folder");
        store
            .Invoking(s => s.Find(unit.Kind, unit.Key))
            .Should()
            .Throw<InputException>()
            .WithMessage(
                $"{stored}: is damaged (data.txt is missing) and cannot be moved to *.damaged (*). Delete it*"
            );
    }

    [Theory]
    [InlineData("flip", false)]
    [InlineData("flip", true)]
    [InlineData("cut", false)]
    [InlineData("cut", true)]
    [InlineData("delete", false)]
    [InlineData("delete", true)]
    [InlineData("manifest cut", false)]
    [InlineData("manifest cut", true)]
    [InlineData("manifest gone", false)]
    [InlineData("manifest gone", true)]
    [InlineData("manifest null", false)]
    [InlineData("manifest null", true)]
    [InlineData("null in parts", false)]
    [InlineData("null in parts", true)]
    [InlineData("null in files", false)]
    [InlineData("null in files", true)]
    [InlineData("null in libraries", false)]
    [InlineData("null in libraries", true)]
    [InlineData("a file outside", false)]
    [InlineData("a file outside", true)]
    public void A_damaged_artifact_is_set_aside_reported_and_computed_again(string damage, bool verify)
    {
        Unit unit = Fake.Unit("a");
        var catalog = Fake.Catalog(folder);
        catalog.Compute(unit, _ => { }, default);
        string data = catalog.Artifacts.File(unit, "data.txt"),
            manifest = Path.Combine(Path.GetDirectoryName(data)!, Manifest.FileName);
        switch (damage)
        {
            case "flip":
                File.WriteAllText(data, "b");
                break;
            case "cut":
                File.WriteAllText(data, "");
                break;
            case "delete":
                File.Delete(data);
                break;
            case "manifest cut":
                File.WriteAllBytes(manifest, File.ReadAllBytes(manifest)[..100]);
                break;
            case "manifest null":
                File.WriteAllText(manifest, "null");
                break;
            case "null in parts":
                Rewrite("\"parts\": [", "\"parts\": [ null,");
                break;
            case "null in files":
                Rewrite("\"files\": [", "\"files\": [ null,");
                break;
            case "null in libraries":
                Rewrite("\"libraries\": {", "\"libraries\": { \"x\": null,");
                break;
            case "a file outside":
                Rewrite("\"data.txt\"", "\"../data.txt\"");
                break;
            default:
                File.Delete(manifest);
                break;
        }

        void Rewrite(string from, string to)
        {
            string text = File.ReadAllText(manifest);
            text.Should().Contain(from);
            File.WriteAllText(manifest, text.Replace(from, to, StringComparison.Ordinal));
        }

        new Reasons(Fake.Catalog(folder).Store, folder.Path)
            .Why(unit, "run")
            .Should()
            .NotBeEmpty("it is told why, whatever is damaged");
        var again = new Catalog(Fake.Catalog(folder).Store, "test", verify);
        var reports = new List<string>();
        again.Store.Damaged = reports.Add;
        if (!verify)
        {
            again.Artifacts.Has(unit).Should().BeTrue("nobody has looked at its files");
            again.Artifacts.Invoking(a => a.File(unit, "data.txt")).Should().Throw<LostUnitException>();
        }

        again.Artifacts.Has(unit).Should().BeFalse();
        reports.Should().ContainSingle().Which.Should().Contain("set aside");
        again.Compute(unit, _ => { }, default);
        File.ReadAllText(again.Artifacts.File(unit, "data.txt")).Should().Be("a");
    }

    [Fact]
    public void Two_processes_may_compute_the_same_unit()
    {
        Unit unit = Fake.Unit("a");
        Parallel.For(
            0,
            16,
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            _ => Fake.Catalog(folder).Compute(unit, _ => { }, default)
        );
        Fake.Catalog(folder).Artifacts.Has(unit).Should().BeTrue();
        Directory.EnumerateDirectories(Path.Combine(folder.Path, "fake")).Should().ContainSingle();
    }

    [Fact]
    public void Collecting_keeps_what_is_in_use()
    {
        var catalog = Fake.Catalog(folder);
        Unit used = Fake.Unit("used"),
            unused = Fake.Unit("unused");
        catalog.Compute(used, _ => { }, default);
        catalog.Compute(unused, _ => { }, default);
        bool Keep(string kind, string key) => key == Fingerprint.Of(used);
        catalog.Store.Collect(Keep, dryRun: true).Count.Should().Be(1);
        Fake.Catalog(folder).Artifacts.Has(unused).Should().BeTrue();
        catalog.Store.Collect(Keep, dryRun: false).Count.Should().Be(1);
        Fake.Catalog(folder).Artifacts.Has(unused).Should().BeFalse();
        Fake.Catalog(folder).Artifacts.Has(used).Should().BeTrue();
    }
}
