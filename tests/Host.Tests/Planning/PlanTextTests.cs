using FluentAssertions;
using Pipelines.Host.Planning;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Host.Tests.Planning;

public sealed class PlanTextTests
{
    private static readonly Dictionary<string, string> Anything = [];

    [Fact]
    public void The_time_of_a_class_of_units_is_the_mean_of_all_its_stored_units()
    {
        using var folder = new TemporaryFolder();
        var catalog = Fake.Catalog(folder);
        catalog.Compute(
            Fake.Unit("s/masks 0-9", _ => Thread.Sleep(TimeSpan.FromSeconds(0.6)), kind: "forward-passes"),
            _ => { },
            default
        ); // prepares the picture
        catalog.Compute(Fake.Unit("s/masks 10-19", kind: "forward-passes"), _ => { }, default);
        catalog.Compute(Fake.Unit("s/masks 20-29", kind: "forward-passes"), _ => { }, default);
        catalog.Compute(Fake.Unit("s/ends", kind: "forward-passes"), _ => { }, default);
        var reasons = new Reasons(catalog.Store, folder.Path);
        reasons
            .SecondsPerWork("forward-passes", "masks", Anything)
            .Should()
            .BeInRange(0.2, 2, "a median would not know of the picture");
        reasons.SecondsPerWork("forward-passes", "ends", Anything).Should().BeLessThan(0.2);
        reasons.SecondsPerWork("forward-passes", "other", Anything).Should().BeNull();
        reasons.SecondsPerWork("new", "", Anything).Should().BeNull();
    }

    [Fact]
    public void Units_of_another_model_are_no_measure()
    {
        using var folder = new TemporaryFolder();
        var catalog = Fake.Catalog(folder);
        KeyPart small = new KeyPart.Digest(Reasons.ModelWeights, "model.safetensors", new string('a', 64)),
            large = new KeyPart.Digest(Reasons.ModelWeights, "model.safetensors", new string('b', 64));
        catalog.Compute(Fake.Unit("a", parts: small), _ => { }, default);
        var reasons = new Reasons(catalog.Store, folder.Path);
        reasons
            .SecondsPerWork(
                "fake",
                "",
                new Dictionary<string, string> { [Reasons.ModelWeights] = Fingerprint.Of(small) }
            )
            .Should()
            .NotBeNull();
        reasons
            .SecondsPerWork(
                "fake",
                "",
                new Dictionary<string, string> { [Reasons.ModelWeights] = Fingerprint.Of(large) }
            )
            .Should()
            .BeNull();
        reasons
            .SecondsPerWork("fake", "", new Dictionary<string, string> { ["heads"] = "other" })
            .Should()
            .NotBeNull("these units do not say how many heads they have");
    }

    [Theory]
    [InlineData("forward-passes", "209/masks 00000750-00000999", "masks")]
    [InlineData("forward-passes", "real/apple/1.jpg/ends", "ends")]
    [InlineData("validate", "209/head-attribution", "headattribution")]
    [InlineData("token-trace", "209/image masks 00000000-00000249", "image masks")]
    [InlineData("regress", "real/apple/1.jpg", "")]
    public void Units_are_of_one_class_whatever_their_sample_and_range(string kind, string name, string found) =>
        PlannedWork.ClassOf(kind, name).Should().Be(found);

    [Fact]
    public void A_reason_is_one_line_of_words()
    {
        const string before = "ImageChoice { Fit = Crop, Square = , MaxTiles = , KeepSizes = False }",
            after = "ImageChoice { Fit = Pad, Square = 336, MaxTiles = , KeepSizes = False }";
        OneLine.Of(before).Should().Be("fit: crop, square: none, max_tiles: none, keep_sizes: false");
        OneLine
            .Change("model.image", before, after)
            .Should()
            .Be("model.image.fit changed crop -> pad, model.image.square changed none -> 336");
        OneLine
            .Change("model.image", "fit: crop, square: none", "fit: pad, square: none")
            .Should()
            .Be("model.image.fit changed crop -> pad");
        OneLine
            .Change("question", "What is it?", "What\nis it?")
            .Should()
            .Be("question changed What is it? -> What\\nis it?");
        OneLine.Of(new string('x', 1000)).Length.Should().BeLessThan(130);
        OneLine.Of("What { is it }").Should().Be("What { is it }");
    }

    [Fact]
    public void Settings_keep_the_key_of_their_records_text()
    {
        var settings = new KeyPart.Settings("model.image", new Models.Families.ImageChoice());
        Fingerprint
            .Of(settings)
            .Should()
            .Be(Fingerprint.Of(new KeyPart.Text("model.image", new Models.Families.ImageChoice().ToString())));
        settings.Shown.Should().NotContain("{").And.Contain("fit: crop");
    }
}
