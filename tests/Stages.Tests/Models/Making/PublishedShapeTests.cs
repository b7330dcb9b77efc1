using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Making;
using Xunit;

namespace Pipelines.Stages.Tests.Models.Making;

/// <summary>
/// What is known of the hub's files: counts of tensors, sums of parameters, how the weights are cut into files, lengths
/// of the indexes.
/// </summary>
public sealed class PublishedShapeTests
{
    public static TheoryData<string> Names => [.. PublishedModel.All.Select(m => m.Name)];

    [Theory]
    [InlineData("llava-1.5-7b-hf", 686, 7_063_427_072, 3, 70_128)]
    [InlineData("llava-1.5-13b-hf", 758, 13_351_494_656, 6, 77_152)]
    [InlineData("llava-v1.6-vicuna-7b-hf", 687, 7_063_431_168, 3, 70_185)]
    [InlineData("llava-v1.6-vicuna-13b-hf", 759, 13_351_499_776, 6, 77_209)]
    [InlineData("InternVL2_5-1B", 637, 938_193_024, 1, 0)]
    [InlineData("InternVL2_5-2B", 517, 2_205_754_368, 1, 0)]
    [InlineData("InternVL2_5-4B", 781, 3_712_637_952, 2, 71_747)]
    [InlineData("InternVL2_5-8B", 573, 8_075_365_376, 4, 51_167)]
    [InlineData("Qwen2-VL-2B-Instruct", 729, 2_208_985_600, 2, 56_411)]
    [InlineData("Qwen2-VL-7B-Instruct", 730, 8_291_375_616, 5, 56_470)]
    [InlineData("Qwen2.5-VL-3B-Instruct", 824, 3_754_622_976, 2, 65_448)]
    [InlineData("Qwen2.5-VL-7B-Instruct", 729, 8_292_166_656, 5, 57_619)]
    [InlineData("Qwen3-VL-2B-Instruct", 625, 2_127_532_032, 1, 0)]
    [InlineData("Qwen3-VL-4B-Instruct", 713, 4_437_815_808, 2, 64_742)]
    [InlineData("Qwen3-VL-8B-Instruct", 750, 8_767_123_696, 4, 67_759)]
    public void Tensors_parameters_files_and_index_are_those_of_the_hub(
        string name,
        int tensors,
        long parameters,
        int files,
        int indexLength
    )
    {
        RandomModel plan = RandomModel.Plan(name);
        plan.Tensors.Should().HaveCount(tensors);
        plan.Tensors.Select(t => t.Name).Should().OnlyHaveUniqueItems();
        plan.Parameters.Should().Be(parameters);
        plan.Files.Bytes.Should().Be(2 * parameters);
        plan.Files.Shards.Should().HaveCount(files);
        (plan.Files.Index()?.Length ?? 0).Should().Be(indexLength);
    }

    /// <summary>
    /// Of these the counts are known, not how the hub cut the files.
    /// </summary>
    [Theory]
    [InlineData("llava-v1.6-mistral-7b-hf", 687, 7_566_747_648, 1024)]
    [InlineData("llama3-llava-next-8b-hf", 687, 8_355_276_800, 1024)]
    [InlineData("llava-v1.6-34b-hf", 939, 34_752_083_968, 3360)]
    [InlineData("InternVL3-1B", 637, 938_193_024, 336)]
    [InlineData("InternVL3-2B", 685, 2_088_957_440, 336)]
    [InlineData("InternVL3-8B", 685, 7_944_373_760, 784)]
    [InlineData("InternVL3-14B", 925, 15_117_256_704, 1920)]
    [InlineData("InternVL3_5-1B", 657, 1_060_897_792, 448)]
    [InlineData("InternVL3_5-2B", 657, 2_348_347_392, 448)]
    [InlineData("InternVL3_5-4B", 745, 4_732_489_216, 1152)]
    [InlineData("InternVL3_5-8B", 745, 8_528_318_464, 1152)]
    [InlineData("InternVL3_5-1B-HF", 657 + 96, 1_060_897_792, 448)]
    [InlineData("InternVL3_5-2B-HF", 657 + 96, 2_348_347_392, 448)]
    [InlineData("InternVL3_5-4B-HF", 745 + 96, 4_732_489_216, 1152)]
    [InlineData("InternVL3_5-8B-HF", 745 + 96, 8_528_318_464, 1152)]
    [InlineData("llava-onevision-qwen2-0.5b-ov-hf", 716, 893_675_552, 336)]
    [InlineData("llava-onevision-qwen2-7b-ov-hf", 765, 8_030_807_584, 784)]
    [InlineData("gemma-3-4b-it", 883, 4_300_079_472, 272)]
    [InlineData("gemma-3-12b-it", 1065, 12_187_325_040, 768)]
    [InlineData("SmolVLM2-256M-Video-Instruct", 471, 256_484_928, 270)]
    [InlineData("SmolVLM2-500M-Video-Instruct", 489, 507_482_304, 480)]
    [InlineData("SmolVLM2-2.2B-Instruct", 657, 2_246_784_880, 768)]
    [InlineData("Idefics3-8B-Llama3", 729, 8_462_086_384, 1024)]
    public void Tensors_parameters_and_heads_are_the_published_ones(
        string name,
        int tensors,
        long parameters,
        int heads
    )
    {
        RandomModel plan = RandomModel.Plan(name);
        plan.Tensors.Should().HaveCount(tensors);
        plan.Parameters.Should().Be(parameters);
        plan.Files.Bytes.Should().Be(2 * parameters);
        (plan.Model.Layers * plan.Model.Heads).Should().Be(heads);
    }

    /// <summary>The sizes that the hub shows, in GB of two places.</summary>
    [Theory]
    [InlineData("llava-1.5-7b-hf", new[] { 4.99, 4.96, 4.18 })]
    [InlineData("llava-1.5-13b-hf", new[] { 4.96, 4.97, 4.88, 4.93, 4.93, 2.02 })]
    [InlineData("InternVL2_5-1B", new[] { 1.88 })]
    [InlineData("InternVL2_5-2B", new[] { 4.41 })]
    [InlineData("InternVL2_5-4B", new[] { 4.99, 2.43 })]
    [InlineData("Qwen2-VL-7B-Instruct", new[] { 3.90, 3.86, 3.86, 3.86, 1.09 })]
    public void Weight_files_have_the_sizes_shown_on_the_hub(string name, double[] gigabytes) =>
        RandomModel.Plan(name).Files.Shards.Select(s => Math.Round(s.Bytes / 1e9, 2)).Should().Equal(gigabytes);

    [Theory]
    [MemberData(nameof(Names))]
    public void Fewer_layers_leave_out_whole_layers_and_nothing_else(string name)
    {
        PublishedModel model = PublishedModel.Named(name);
        RandomModel full = new(model, 0),
            reduced = RandomModel.Plan(name, layers: 3, visionLayers: 2);
        IEnumerable<string> kept = full
            .Tensors.Select(t => t.Name)
            .Where(n =>
                !BelongsToLayer(n, 3, model.Layers, vision: false)
                && !BelongsToLayer(n, 2, model.VisionLayers, vision: true)
            );
        reduced.Tensors.Select(t => t.Name).Should().Equal(kept);
        reduced.Model.Should().Be(model with { Layers = 3, VisionLayers = 2 });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Configuration_is_the_published_file_at_full_depth_and_differs_in_the_depths_alone_below(string name)
    {
        PublishedModel model = PublishedModel.Named(name);
        HubFiles.Config(model).Should().Equal(HubFiles.Read(model, "config.json"));
        string[] published = Lines(HubFiles.Config(model)),
            reduced = Lines(HubFiles.Config(model with { Layers = 3, VisionLayers = 2 }));
        string[] changed = [.. reduced.Except(published)];
        changed
            .Should()
            .OnlyContain(l =>
                l.Contains("num_", StringComparison.Ordinal)
                || l.Contains("depth", StringComparison.Ordinal)
                || l.Contains("_size", StringComparison.Ordinal)
                || l.Contains("e-0", StringComparison.Ordinal)
                || l.Trim().All(char.IsAsciiDigit) // of a list of blocks, which ends where the tower does
            );
        changed.Should().Contain(l => l.Contains("\"num_hidden_layers\": 3", StringComparison.Ordinal));

        static string[] Lines(byte[] file) =>
            [.. System.Text.Encoding.UTF8.GetString(file).Split('\n').Select(l => l.TrimEnd(','))];
    }

    [Fact]
    public void Unknown_names_and_depths_are_refused_with_what_would_be_right()
    {
        var name = FluentActions.Invoking(() => RandomModel.Plan("llava-1.5-7b")).Should().Throw<InputException>();
        name.Which.Message.Should().Contain("Did you mean llava-1.5-7b-hf?");
        FluentActions
            .Invoking(() => RandomModel.Plan("Qwen2-VL-2B"))
            .Should()
            .Throw<InputException>()
            .WithMessage("*mean Qwen2-VL-2B-Instruct?*");
        foreach (string far in (string[])["", "foo", "gpt-2", new string('x', 500)])
        {
            FluentActions
                .Invoking(() => RandomModel.Plan(far))
                .Should()
                .Throw<InputException>()
                .Which.Message.Should()
                .Contain("Published are llava-1.5-7b-hf")
                .And.NotContain("Did you mean", "nothing is near");
        }

        FluentActions
            .Invoking(() => RandomModel.Plan("InternVL2_5-1B", layers: 25))
            .Should()
            .Throw<InputException>()
            .WithMessage("*--layers*24 decoder layers*");
        FluentActions
            .Invoking(() => RandomModel.Plan("InternVL2_5-1B", visionLayers: 0))
            .Should()
            .Throw<InputException>()
            .WithMessage("*--vision-layers*");
    }

    [Fact]
    public void Files_are_cut_where_the_next_tensor_would_not_fit()
    {
        PlannedTensor[] tensors =
        [
            .. new long[] { 30, 30, 50, 120, 10 }.Select((n, i) => PlannedTensor.Small($"t{i}", n)),
        ];
        ShardPlan plan = ShardPlan.Of(tensors, TorchSharp.torch.ScalarType.BFloat16, largest: 200);
        plan.Shards.Select(s => s.Bytes).Should().Equal(120, 100, 240, 20);
        plan.Shards[2].File.Should().Be("model-00003-of-00004.safetensors");
        ShardPlan
            .Of(tensors, TorchSharp.torch.ScalarType.BFloat16, largest: 480)
            .Shards.Should()
            .ContainSingle()
            .Which.File.Should()
            .Be("model.safetensors");
    }

    private static bool BelongsToLayer(string name, int from, int to, bool vision) =>
        name.Contains("vis", StringComparison.Ordinal) == vision
        && Enumerable
            .Range(from, to - from)
            .Any(n =>
                name.Contains($"layers.{n}.", StringComparison.Ordinal)
                || name.Contains($"layer.{n}.", StringComparison.Ordinal)
                || name.Contains($"blocks.{n}.", StringComparison.Ordinal)
            );
}
