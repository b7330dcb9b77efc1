using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Host.Planning;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Host.Tests.Storage;

/// <summary>
/// A file is known again only where it surely is the same, and what a unit reads may not change under it.
/// </summary>
public sealed class FileDigestsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string Weights => Path.Combine(folder.Path, "weights");

    private string Memory => Path.Combine(folder.Path, "digests.json");

    public static TheoryData<string> Changes =>
        ["in place", "in place, with the old time", "another file, with the old time", "longer"];

    [Theory]
    [MemberData(nameof(Changes))]
    public void Other_bytes_have_another_digest_however_they_came(string change)
    {
        Write("one");
        Remember();
        Thread.Sleep(20); // a tick of the file system's clock
        Change(change);
        new FileDigests(Memory).Of(Weights).Should().Be(FileDigests.Compute(Weights));
    }

    [Fact]
    public void A_file_that_did_not_change_is_not_read_again_unless_it_was_hashed_too_soon_after_it_was_written()
    {
        Write("one");
        Remember();
        File.ReadAllText(Memory).Should().NotContain(Weights, "it may change once more within the clock's tick");
        Thread.Sleep(3500);
        string digest = Remember();
        File.ReadAllText(Memory).Should().Contain(Weights).And.Contain(digest).And.Contain(Environment.MachineName);

        // What is remembered is used: only so is weights' digest free. A wrong digest that fits its check is taken for
        // right.
        Skew(digest);
        new FileDigests(Memory).Of(Weights).Should().NotBe(digest);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"a\":null}")]
    [InlineData("{\"Version\":2,\"Hosts\":null}")]
    [InlineData("{\"Version\":2,\"Hosts\":{\"HOST\":null}}")]
    [InlineData("{\"Version\":2,\"Hosts\":{\"HOST\":{\"Saved\":\"2024-01-01T00:00:00Z\",\"Files\":null}}}")]
    [InlineData("{\"Version\":2,\"Hosts\":{\"HOST\":{\"Saved\":\"2024-01-01T00:00:00Z\",\"Files\":{\"FILE\":null}}}}")]
    [InlineData(
        "{\"Version\":2,\"Hosts\":{\"HOST\":{\"Saved\":\"2024-01-01T00:00:00Z\","
            + "\"Files\":{\"FILE\":{\"Identity\":null,\"Sha256\":null,\"Check\":null}}}}}"
    )]
    [InlineData("{\"FILE\":{\"Bytes\":3,\"ChangedUtc\":1,\"Sha256\":\"00\"}}")]
    [InlineData("{\"FILE\":null}")]
    public void A_damaged_memory_is_healed(string text)
    {
        Write("one");
        File.WriteAllText(
            Memory,
            text.Replace("HOST", Environment.MachineName, StringComparison.Ordinal)
                .Replace("FILE", Weights, StringComparison.Ordinal)
        );
        Thread.Sleep(3100);
        Remember().Should().Be(FileDigests.OfText("one"));
        File.ReadAllText(Memory).Should().Contain(FileDigests.OfText("one"));
    }

    [Fact]
    public void A_digit_changed_in_the_memory_is_found()
    {
        Write("one");
        Thread.Sleep(3500);
        string digest = Remember(),
            text = File.ReadAllText(Memory);
        char other = digest[7] == '0' ? '1' : '0';
        File.WriteAllText(Memory, text.Replace(digest, digest[..7] + other + digest[8..], StringComparison.Ordinal));
        new FileDigests(Memory).Of(Weights).Should().Be(digest);
    }

    [Fact]
    public void What_another_host_remembers_is_kept_and_not_believed()
    {
        Write("one");
        Thread.Sleep(3500);
        string digest = Remember();
        File.WriteAllText(
            Memory,
            File.ReadAllText(Memory)
                .Replace($"\"{Environment.MachineName}\"", "\"elsewhere\"", StringComparison.Ordinal)
        );
        Skew(digest);
        Remember().Should().Be(digest);
        File.ReadAllText(Memory).Should().Contain("elsewhere").And.Contain($"\"{Environment.MachineName}\"");
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_file_that_changes_while_a_unit_reads_it_fails_the_unit_by_its_name_and_nothing_is_stored(
        string change
    )
    {
        Write("one");
        using var store = new ArtifactStore(Path.Combine(folder.Path, "cache"), new FileDigests(null));
        var catalog = new Catalog(store, "test");
        Unit unit = Fake.Unit(
            "u",
            run =>
            {
                File.WriteAllText(run.File("data.txt"), "computed");
                Thread.Sleep(20);
                Change(change);
            },
            parts: new KeyPart.Digest("model.weights", "weights", store.Digests.OfSource(Weights)) { Files = [Weights] }
        );
        catalog
            .Invoking(c => c.Compute(unit, _ => { }, default))
            .Should()
            .Throw<InputException>()
            .Which.Where.Should()
            .Be(Weights);
        catalog.Artifacts.Has(unit).Should().BeFalse();
        catalog
            .Invoking(c => c.Compute(Fake.Unit("v", parts: unit.Parts[1]), _ => { }, default))
            .Should()
            .Throw<InputException>("the next one is not computed at all")
            .WithMessage("*changed while the run went on*");
        Directory.EnumerateDirectories(Path.Combine(store.Root, "fake")).Should().BeEmpty();
    }

    [Theory]
    [InlineData("gone", "is gone")]
    [InlineData("appeared", "appeared")]
    public void So_does_one_that_goes_or_appears(string change, string message)
    {
        string appears = Path.Combine(folder.Path, "tokenizer.json");
        Write("one");
        using var store = new ArtifactStore(Path.Combine(folder.Path, "cache"), new FileDigests(null));
        store.Digests.Note(appears);
        Unit unit = Fake.Unit(
            "u",
            run =>
            {
                if (change == "gone")
                {
                    File.Delete(Weights);
                }
                else
                {
                    File.WriteAllText(appears, "{}");
                }

                throw new InvalidDataException("which is what a stage says that cannot read it");
            },
            parts: new KeyPart.Digest("model.weights", "weights", store.Digests.OfSource(Weights))
            {
                Files = [Weights, appears],
            }
        );
        new Catalog(store, "test")
            .Invoking(c => c.Compute(unit, _ => { }, default))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*{message}*");
    }

    [Fact]
    public void A_link_made_to_a_file_or_other_rights_change_nothing()
    {
        Write("one");
        using var store = new ArtifactStore(Path.Combine(folder.Path, "cache"), new FileDigests(null));
        var catalog = new Catalog(store, "test");
        Unit unit = Fake.Unit(
            "u",
            run =>
            {
                File.WriteAllText(run.File("data.txt"), "computed");
                Thread.Sleep(20);
                if (!OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(Weights, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                }
            },
            parts: new KeyPart.Digest("model.weights", "weights", store.Digests.OfSource(Weights)) { Files = [Weights] }
        );
        catalog.Compute(unit, _ => { }, default);
        catalog.Artifacts.Has(unit).Should().BeTrue();
    }

    [Fact]
    public void A_file_that_changed_between_a_first_look_and_its_digest_is_refused()
    {
        Write("one");
        var digests = new FileDigests(null);
        digests.Note(Weights);
        Thread.Sleep(20);
        Write("two");
        digests.Invoking(d => d.OfSource(Weights)).Should().Throw<InputException>().Which.Where.Should().Be(Weights);
    }

    [Fact]
    public void Links_in_a_circle_and_files_that_never_end_are_errors_by_name()
    {
        string circle = Path.Combine(folder.Path, "circle"),
            zero = Path.Combine(folder.Path, "zero");
        File.CreateSymbolicLink(circle, Weights);
        File.CreateSymbolicLink(Weights, circle);
        File.CreateSymbolicLink(zero, "/dev/zero");
        var digests = new FileDigests(null);

        FileIdentity.Of(circle).Should().BeNull();
        digests.Invoking(d => d.Note(circle)).Should().NotThrow();
        digests
            .Invoking(d => d.Of(circle))
            .Should()
            .Throw<InputException>()
            .WithMessage($"{circle}: is a link to {Weights}, from where links lead in a circle.");
        digests
            .Invoking(d => d.Of(zero))
            .Should()
            .Throw<InputException>()
            .WithMessage($"{zero}: cannot be read (it is a character device, not a regular file).");
    }

    [Fact]
    public async Task A_large_file_is_hashed_by_one_process_of_a_host_while_others_wait_for_what_it_finds()
    {
        Write("one");
        Thread.Sleep(3500); // else what is found is not remembered
        string digest = FileDigests.OfText("one");
        Task<string> waiting;
        using (FileLock.OfHost($"{Memory} {Weights}"))
        {
            waiting = Task.Run(() => new FileDigests(Memory) { SharedFrom = 1 }.OfSource(Weights));
            (await Task.WhenAny(waiting, Task.Delay(200))).Should().NotBe(waiting, "another process hashes it");
            Remember();
            Skew(digest); // by what it says it is known who hashed it
        }

        (await waiting).Should().Be(FileDigests.OfText("other"));
    }

    private void Write(string text) => File.WriteAllText(Weights, text);

    private string Remember()
    {
        var digests = new FileDigests(Memory);
        string digest = digests.Of(Weights);
        digests.Save();
        return digest;
    }

    /// <summary>Writes another digest into the memory, with the check that belongs to it.</summary>
    private void Skew(string digest)
    {
        string other = FileDigests.OfText("other"),
            text = File.ReadAllText(Memory);
        int at = text.IndexOf("\"Check\":\"", StringComparison.Ordinal) + 9;
        string check = FileDigests.OfText($"{Weights}\n{FileIdentity.Of(Weights)}\n{other}")[..16];
        File.WriteAllText(
            Memory,
            (text[..at] + check + text[(at + 16)..]).Replace(digest, other, StringComparison.Ordinal)
        );
    }

    private void Change(string how)
    {
        DateTime before = File.GetLastWriteTimeUtc(Weights);
        switch (how)
        {
            case "in place":
                Write("two");
                break;
            case "in place, with the old time":
                Write("two");
                File.SetLastWriteTimeUtc(Weights, before);
                break;
            case "another file, with the old time":
                string other = Weights + ".new";
                File.WriteAllText(other, "two");
                File.SetLastWriteTimeUtc(other, before);
                File.Move(other, Weights, overwrite: true);
                break;
            default:
                Write("longer");
                break;
        }
    }
}
