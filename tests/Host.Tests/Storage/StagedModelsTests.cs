using FluentAssertions;
using Pipelines.Host.Tests.WholeRuns;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Host.Tests.Storage;

/// <summary>Copies of models on a machine's own disk: made once, seen whole, and never a reason to fail.</summary>
public sealed class StagedModelsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly List<string> said = [];

    public StagedModelsTests()
    {
        Directory.CreateDirectory(Model);
        Write("config.json", "{}");
        Write("model.safetensors", new string('w', 100_000));
        foreach (string file in Files)
        {
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-1));
        }

        // Digests of files that were changed just now are not relied on: ctime cannot be set
        Thread.Sleep(TimeSpan.FromSeconds(3.2));
    }

    private string Model => Path.Combine(folder.Path, "shared", "model");

    private string Root => Path.Combine(folder.Path, "scratch");

    private string[] Files => [Path.Combine(Model, "config.json"), Path.Combine(Model, "model.safetensors")];

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_copy_is_made_once_has_the_same_bytes_and_carries_the_digests()
    {
        var digests = new FileDigests(null);
        string copy = Staged(digests).FolderOf(Model, Files);
        copy.Should().StartWith(Root);
        foreach (string file in Files)
        {
            File.ReadAllBytes(Path.Combine(copy, Path.GetFileName(file))).Should().Equal(File.ReadAllBytes(file));
            digests.Knows(file).Should().BeTrue("it was digested while it was copied");
            digests.Of(file).Should().Be(FileDigests.Compute(file));
        }

        DateTime made = Directory.GetLastWriteTimeUtc(copy);
        var others = new FileDigests(null);
        Staged(others).FolderOf(Model, Files).Should().Be(copy);
        Files.Should().OnlyContain(f => others.Knows(f), "another process of this machine reads none of it again");
        others.Of(Files[1]).Should().Be(FileDigests.Compute(Files[1]));
        Directory.GetLastWriteTimeUtc(copy).Should().Be(made);
        said.Should().ContainSingle().Which.Should().Be($"The model is copied to {copy}.");
        Left().Should().Equal(copy);
    }

    [Fact]
    public void Many_at_once_make_one_copy()
    {
        string[] copies = new string[8];
        Parallel.For(0, copies.Length, i => copies[i] = Staged(new FileDigests(null)).FolderOf(Model, Files));
        copies.Distinct().Should().ContainSingle().Which.Should().StartWith(Root);
        said.Should().ContainSingle();
        Left().Should().Equal(copies[0]);
    }

    [Fact]
    public void A_model_that_changed_is_copied_again_under_another_name()
    {
        string before = Staged().FolderOf(Model, Files);
        Write("model.safetensors", new string('v', 100_000));
        string after = Staged().FolderOf(Model, Files);
        after.Should().NotBe(before);
        File.ReadAllText(Path.Combine(after, "model.safetensors"))[0].Should().Be('v');
    }

    [Fact]
    public void What_a_killed_process_began_is_given_up_by_the_waiting_ones_own_clock_and_its_room_taken_back()
    {
        string copy = Staged().FolderOf(Model, Files);
        Directory.Delete(copy, recursive: true);
        string dead = Directory.CreateDirectory(Path.Combine(copy + ".claim-1", "model")).FullName;
        File.WriteAllText(Path.Combine(dead, "model.safetensors"), "a part");
        Staged().FolderOf(Model, Files).Should().Be(copy);
        Left().Should().Equal(copy);
    }

    [Fact]
    public async Task One_that_still_writes_is_waited_for()
    {
        string copy = Staged().FolderOf(Model, Files);
        string kept = copy + "-kept",
            claim = copy + ".claim-1",
            part = Path.Combine(claim, "model");
        Directory.Move(copy, kept);
        Directory.CreateDirectory(part);
        said.Clear();
        Task<string> waiting = Task.Run(() => Staged().FolderOf(Model, Files));
        for (int i = 0; i < 10; i++)
        {
            File.AppendAllText(Path.Combine(part, "model.safetensors"), "more");
            await Task.Delay(Patience / 5);
            waiting.IsCompleted.Should().BeFalse();
        }

        Directory.Move(kept, copy);
        Directory.Delete(claim, recursive: true);
        (await waiting).Should().Be(copy);
        said.Should().BeEmpty();
    }

    [Fact]
    public void Without_room_the_shared_files_are_used_with_a_word()
    {
        string huge = Path.Combine(Model, "huge.safetensors");
        using (FileStream stream = File.Create(huge))
        {
            stream.SetLength(1L << 43); // 8 TB that take no room
        }

        Staged().FolderOf(Model, [huge]).Should().Be(Model);
        said.Should()
            .ContainSingle()
            .Which.Should()
            .Match(
                $"The model is not copied to {Root}: the model has 8796.1 GB, and * GB are free there. It is read from "
                    + $"{Model}."
            );
        Left().Should().BeEmpty();
    }

    [Fact]
    public void Without_a_disk_of_its_own_the_shared_files_are_used_with_a_word()
    {
        File.WriteAllText(Root, "a file where the folder should be");
        Staged().FolderOf(Model, Files).Should().Be(Model);
        said.Should().ContainSingle().Which.Should().EndWith($"It is read from {Model}.");
        if (Directory.Exists("/dev/shm"))
        {
            said.Clear();
            string memory = Path.Combine("/dev/shm", $"pipelines-test-{Guid.NewGuid():N}");
            new StagedModels(memory, new FileDigests(null), said.Add).FolderOf(Model, Files).Should().Be(Model);
            said.Should().ContainSingle().Which.Should().Contain("it is memory (tmpfs), which the job would lack");
            Directory.Delete(memory, recursive: true);
        }
    }

    [Fact]
    public void A_folder_that_others_may_write_to_is_not_trusted()
    {
        string own = Path.Combine(Root, $"pipelines-{Environment.UserName}");
        Directory.CreateDirectory(own);
        if (OperatingSystem.IsWindows())
        {
            return; // rights are others there
        }

        File.SetUnixFileMode(own, (UnixFileMode)0b111_111_111);
        Staged().FolderOf(Model, Files).Should().Be(Model);
        said.Should().ContainSingle().Which.Should().Contain($"{own} can be entered by others");
    }

    [Fact]
    public void A_run_from_a_copy_has_the_keys_and_the_bytes_of_one_from_the_shared_files()
    {
        using SmallExperiment shared = new(samples: 1),
            staged = new(samples: 1);
        shared.Run();
        string output = staged.Run("--stage-weights", Root);
        output.Should().Contain("The model is copied to ");
        // The page tells where the spec lies
        Keys(staged).Should().BeEquivalentTo(Keys(shared));
        staged.TableBytes().Should().Equal(shared.TableBytes());
        staged.Run("--stage-weights", "${NOT_SET_ANYWHERE}/x").Should().Contain("is not set");
    }

    private static IEnumerable<string> Keys(SmallExperiment experiment) =>
        experiment.StoredKeys().Where(k => k.Key != "report").SelectMany(k => k.Value);

    private static TimeSpan Patience { get; } = TimeSpan.FromSeconds(2);

    private StagedModels Staged(FileDigests? digests = null) =>
        new(Root, digests ?? new FileDigests(null), Say) { Patience = Patience };

    private void Say(string text)
    {
        lock (said)
        {
            said.Add(text);
        }
    }

    private IEnumerable<string> Left() =>
        Directory.Exists(Root) ? Directory.EnumerateDirectories(Root).SelectMany(Directory.EnumerateDirectories) : [];

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(Model, name), text);
}
