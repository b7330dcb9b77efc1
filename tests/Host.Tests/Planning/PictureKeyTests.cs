using FluentAssertions;
using Pipelines.Host.Tests.WholeRuns;
using Pipelines.Models.Vision;
using Pipelines.Spec.Reading;
using Pipelines.Stages;
using Pipelines.Stages.Data;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Host.Tests.Planning;

/// <summary>
/// The key of a picture is that of its bytes, and of how they are read where that is not what it was.
/// </summary>
public sealed class PictureKeyTests : IDisposable
{
    private readonly SmallExperiment experiment = new();
    private readonly Engine engine;
    private readonly StageContext context;

    public PictureKeyTests()
    {
        engine = new Engine(new FileDigests(null), new PictureVerdicts(null))
        {
            Runs = new RunFolders(experiment.Artifacts),
        };
        context = new StageContext(ExperimentReader.Read(experiment.Spec).Experiments.Single(), engine, "");
    }

    public void Dispose()
    {
        engine.Dispose();
        experiment.Dispose();
    }

    [Theory]
    [InlineData("turned_exif6.png")]
    [InlineData("turned_exif7_behind.png")]
    [InlineData("turned_exif6.jpg")]
    [InlineData("turned_exif1_before_xmp6.png")]
    [InlineData("turned_xmp9.png")]
    public void A_picture_that_is_read_as_ever_has_the_key_of_its_bytes(string file) =>
        context.SourceOf(Item(file)).Digest.Should().Be(FileDigests.Compute(Item(file).FullPath));

    [Theory]
    [InlineData("turned_exif_long8.jpg")]
    [InlineData("turned_profile6.png")]
    [InlineData("turned_xmp6.png")]
    [InlineData("turned_xmp6.jpg")]
    public void A_picture_that_is_turned_since_is_not_what_was_stored_of_it(string file) =>
        context.SourceOf(Item(file)).Digest.Should().NotBe(FileDigests.Compute(Item(file).FullPath));

    [Theory]
    [InlineData("zero.png", "cannot be read (it is a character device, not a regular file)")]
    [InlineData("loop.png", "cannot be read (links lead from it in a circle)")]
    [InlineData("gone.png", "cannot be read: there is no such file")]
    public void A_picture_that_cannot_be_opened_is_left_out_with_the_reason(string name, string reason)
    {
        string path = Path.Combine(experiment.FolderOfPictures(), name);
        string target =
            name == "zero.png" ? "/dev/zero"
            : name == "gone.png" ? path.Replace("gone", "nowhere", StringComparison.Ordinal)
            : path;
        File.CreateSymbolicLink(path, target);
        var item = new DataItem(name, name, path);

        context.SourceOf(item).Digest.Should().HaveLength(64);
        context.Unusable(item).Should().Be($"the picture {reason}");
    }

    private static DataItem Item(string file) =>
        new(file, file, Path.Combine(HostProcess.RepositoryRoot, "tests", "Golden", "pictures", file));
}
