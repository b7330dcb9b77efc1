using System.Text.Json.Nodes;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Families.Llava;
using Pipelines.Models.Vision;
using Pipelines.Stages.Tests.Tensors;
using Xunit;

namespace Pipelines.Stages.Tests.Vision;

/// <summary>
/// A folder with preprocessor_config.json and an image_processor in processor_config.json: what either says or omits
/// must come to the same pixels.
/// </summary>
public sealed class TwoProcessorsTests
{
    private const string Mean = "[0.48145466,0.4578275,0.40821073]",
        Std = "[0.26862954,0.26130258,0.27577711]",
        Published = "[[336,672],[672,336],[672,672],[1008,336],[336,1008]]";

    [Theory]
    [InlineData("llava", "image_mean", "[0.5,0.5,0.5]")]
    [InlineData("llava", "image_std", "[0.5,0.5,0.5]")]
    [InlineData("llava", "rescale_factor", "0.5")]
    [InlineData("llava", "resample", "2")]
    [InlineData("llava", "size", "64")]
    [InlineData("llava", "size", """{"height":336,"width":336}""")]
    [InlineData("llava", "crop_size", "224")]
    [InlineData("llava_next", "image_mean", "[0.5,0.5,0.5]")]
    [InlineData("llava_next", "rescale_factor", "1")]
    [InlineData("llava_next", "image_grid_pinpoints", "[[336,672]]")]
    [InlineData("internvl", "image_mean", "[0.5,0.5,0.5]")]
    [InlineData("internvl", "image_std", "[0.5,0.5,0.5]")]
    [InlineData("qwen2_vl", "min_pixels", "50176")]
    [InlineData("qwen2_vl", "max_pixels", "50176")]
    [InlineData("qwen2_vl", "size", """{"shortest_edge":50176,"longest_edge":1003520}""")]
    [InlineData("qwen2_vl", "merge_size", "1")]
    [InlineData("qwen2_vl", "image_std", "[0.5,0.5,0.5]")]
    public void What_one_of_two_files_says_and_the_other_omits_must_be_the_classs_default(
        string family,
        string key,
        string value
    )
    {
        foreach (bool nested in (bool[])[true, false])
        {
            using var folder = new TemporaryFolder();
            JsonObject plain = Plain(family),
                changed = Plain(family);
            plain.Remove(key);
            changed[key] = JsonNode.Parse(value);
            Write(folder, own: nested ? plain : changed, nested: nested ? changed : plain);
            FluentActions
                .Invoking(() => Keys(family).Read(folder.Path))
                .Should()
                .Throw<InputException>()
                .WithMessage("*preprocessor_config.json*other settings*processor_config.json*here and*there*");
        }
    }

    [Fact]
    public void Padding_that_only_one_of_two_files_asks_for_is_refused()
    {
        using var folder = new TemporaryFolder();
        JsonObject padding = Plain("llava");
        padding["do_pad"] = true;
        padding["image_processor_type"] = "LlavaImageProcessor";
        Write(folder, Plain("llava"), padding);
        Refusal("llava", folder).Should().Contain("do_pad is false here and true there");
        Write(folder, padding, padding);
        LlavaSettings.StartsPadded(LlavaSettings.Keys.Read(folder.Path)).Should().BeTrue();
    }

    [Theory]
    [InlineData("llava", "frobnicate", "3", "'frobnicate: 3'")]
    [InlineData("llava", "do_pan_and_scan", "true", "'do_pan_and_scan: true'")]
    [InlineData("llava", "do_normalize", "false", "do_normalize: false")]
    [InlineData("llava_next", "aspect_ratio_setting", "\"pad\"", "aspect_ratio_setting")]
    [InlineData("internvl", "crop_to_patches", "true", "crop_to_patches")]
    [InlineData("qwen2_vl", "do_center_crop", "true", "do_center_crop")]
    public void A_key_that_is_not_obeyed_is_refused_in_either_file(
        string family,
        string key,
        string value,
        string named
    )
    {
        foreach (bool nested in (bool[])[true, false])
        {
            using var folder = new TemporaryFolder();
            JsonObject odd = Plain(family);
            odd[key] = JsonNode.Parse(value);
            Write(folder, own: nested ? Plain(family) : odd, nested: nested ? odd : Plain(family));
            Refusal(family, folder)
                .Should()
                .StartWith(folder.File(nested ? "processor_config.json" : "preprocessor_config.json"))
                .And.Contain(named);
        }
    }

    [Fact]
    public void A_crop_that_only_one_of_two_files_leaves_out_is_refused()
    {
        using var folder = new TemporaryFolder();
        JsonObject whole = Plain("llava");
        whole["do_center_crop"] = false;
        Write(folder, Plain("llava"), whole);
        Refusal("llava", folder).Should().Contain("do_center_crop is true here and false there");
    }

    [Theory]
    [InlineData("llava")]
    [InlineData("llava_next")]
    [InlineData("internvl")]
    [InlineData("qwen2_vl")]
    public void Two_files_that_say_and_omit_the_same_defaults_are_one(string family)
    {
        using var folder = new TemporaryFolder();
        JsonObject spelt = Plain(family);
        spelt["rescale_factor"] = JsonNode.Parse("0.00392156862745098");
        spelt["resample"] = 3;
        spelt["do_resize"] = true;
        spelt["image_mean"] = JsonNode.Parse(family == "internvl" ? "[0.485,0.456,0.406]" : Mean);
        spelt["image_std"] = JsonNode.Parse(family == "internvl" ? "[0.229,0.224,0.225]" : Std);
        if (family == "llava_next")
        {
            spelt["image_grid_pinpoints"] = JsonNode.Parse(Published);
        }

        if (family == "qwen2_vl")
        {
            spelt["size"] = JsonNode.Parse("""{"shortest_edge":3136,"longest_edge":1003520}""");
        }

        JsonObject omitted = Plain(family);
        Write(folder, omitted, spelt);
        Keys(family).Read(folder.Path).Source.Should().EndWith("preprocessor_config.json");
        Write(folder, spelt, omitted);
        Keys(family).Read(folder.Path).Source.Should().EndWith("preprocessor_config.json");
    }

    private static string Refusal(string family, TemporaryFolder folder) =>
        FluentActions.Invoking(() => Keys(family).Read(folder.Path)).Should().Throw<InputException>().Which.Message;

    private static JsonObject Plain(string family) =>
        family is "llava" or "llava_next"
            ? new JsonObject
            {
                ["size"] = new JsonObject { ["shortest_edge"] = 336 },
                ["crop_size"] = 336,
            }
            : [];

    private static void Write(TemporaryFolder folder, JsonObject own, JsonObject nested)
    {
        folder.Write("preprocessor_config.json", own.ToJsonString());
        folder.Write(
            "processor_config.json",
            new JsonObject { ["image_processor"] = nested.DeepClone() }.ToJsonString()
        );
    }

    private static ImageProcessorKeys Keys(string family) =>
        KnownFamilies.OfType(family == "internvl" ? "internvl_chat" : family)!.ImageProcessor;
}
