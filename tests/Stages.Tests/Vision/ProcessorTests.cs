using System.Text;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Families.Gemma3;
using Pipelines.Models.Families.InternVl;
using Pipelines.Models.Families.InternVlHf;
using Pipelines.Models.Families.Llava;
using Pipelines.Models.Families.LlavaNext;
using Pipelines.Models.Families.LlavaOnevision;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Vision;
using Pipelines.Stages.Tests.Models;
using Xunit;

namespace Pipelines.Stages.Tests.Vision;

/// <summary>Laws of the processors, and their settings.</summary>
public sealed class ProcessorTests
{
    [Fact]
    public void Grids_of_the_same_number_of_tiles_are_never_both_nearest_to_a_shape()
    {
        // So their order in the list of grids, which in the authors' code is that of a Python set, decides nothing.
        for (int max = 1; max <= 40; max++)
        {
            double[] shapes =
            [
                .. Enumerable
                    .Range(1, max)
                    .SelectMany(t => Enumerable.Range(1, t).Where(c => t % c == 0).Select(c => c / (double)(t / c))),
            ];
            for (int tiles = 1; tiles <= max; tiles++)
            {
                double[] same =
                [
                    .. Enumerable.Range(1, tiles).Where(c => tiles % c == 0).Select(c => c / (double)(tiles / c)),
                ];
                foreach (double a in same)
                {
                    foreach (double b in same.Where(b => b > a))
                    {
                        double middle = (a + b) / 2;
                        shapes
                            .Min(s => Math.Abs(s - middle))
                            .Should()
                            .BeLessThan((b - a) / 2, "grids of {0} tiles", tiles);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(20, 5000)]
    [InlineData(5000, 20)]
    [InlineData(1, 3000)]
    public void A_long_narrow_picture_costs_no_more_than_its_crop(int width, int height)
    {
        var picture = Pictures.Random(new Random(3), width, height);
        var processor = new ClipProcessor(Config("""{"size":336,"crop_size":336}"""));
        long before = GC.GetAllocatedBytesForCurrentThread();
        processor.Process(picture).Shape.Should().Equal(1, 3, 336, 336);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(10_000_000);
    }

    [Theory]
    [InlineData("""{"size":336,"crop_size":336}""")]
    [InlineData("""{"size":{"shortest_edge":336},"crop_size":{"height":336,"width":336}}""")]
    [InlineData("""{"size":{"height":336,"width":336}}""")]
    public void Sizes_are_read_in_every_spelling(string json)
    {
        var processor = new ClipProcessor(Config(json));
        (processor.ShortSide, processor.Side).Should().Be((336, 336));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"size":"large"}""")]
    [InlineData("""{"size":-3}""")]
    [InlineData("""{"size":1e9}""")]
    [InlineData("""{"size":{"height":336,"width":224},"crop_size":336}""")]
    [InlineData("""{"crop_size":{"height":336}}""")]
    [InlineData("""{"image_mean":[0.5,0.5]}""")]
    [InlineData("""{"image_std":[0.5,0.5,0]}""")]
    [InlineData("""{"resample":0}""")]
    [InlineData("""{"do_normalize":false}""")]
    [InlineData("""{"image_grid_pinpoints":[[336]]}""")]
    [InlineData("""{"image_grid_pinpoints":[null]}""")]
    [InlineData("""{"image_grid_pinpoints":[[300,336]],"size":336}""")]
    [InlineData("""{"patch_size":0}""")]
    [InlineData("""{"min_pixels":9,"max_pixels":8}""")]
    [InlineData("""{"max_pixels":1e15}""")]
    [InlineData("""{"size":{"shortest_edge":"x"}}""")]
    public void Settings_that_make_no_sense_are_refused_by_the_file_s_name(string json)
    {
        var picture = Pictures.Random(new Random(3), 40, 30);
        Action run = () =>
        {
            var config = Config(json);
            new ClipProcessor(config).Process(picture);
            LlavaNextSettings.Processor(config).Process(picture);
            new QwenProcessor(config, Known.Qwen2Vl.ImageProcessor).Process(picture);
        };
        run.Should().Throw<InputException>().WithMessage("folder/preprocessor_config.json*");
    }

    [Theory]
    [InlineData("llava", """{"do_pad":true}""", "'do_pad: true'")]
    [InlineData("llava", """{"do_pad":true,"image_processor_type":"CLIPImageProcessor"}""", "'do_pad: true'")]
    [InlineData(
        "llava",
        """{"image_processor_type":"SiglipImageProcessor"}""",
        "'image_processor_type: SiglipImageProcessor'"
    )]
    [InlineData("llava", """{"image_grid_pinpoints":[[336,672]]}""", "'image_grid_pinpoints: [[336,672]]'")]
    [InlineData("llava", """{"do_center_crop":false,"size":336}""", "'do_center_crop: false'")]
    [InlineData("llava", """{"size":336,"default_to_square":true}""", "'default_to_square: true")]
    [InlineData("llava", """{"do_image_splitting":true}""", "'do_image_splitting: true'")]
    [InlineData("llava", """{"padding":"longest"}""", "'padding: \"longest\"'")]
    [InlineData(
        "llava_next",
        """{"size":{"shortest_edge":224},"crop_size":336}""",
        "a size of 224 and a crop_size of 336"
    )]
    [InlineData("llava_next", """{"aspect_ratio_setting":"pad"}""", "'aspect_ratio_setting: \"pad\"'")]
    [InlineData("llava_next", """{"pad_size":{"height":336,"width":336}}""", "'pad_size: ")]
    [InlineData(
        "llava_next",
        """{"image_processor_type":"LlavaOnevisionImageProcessor"}""",
        "LlavaOnevisionImageProcessor"
    )]
    [InlineData("internvl", """{"do_pad":true}""", "'do_pad: true'")]
    [InlineData("internvl", """{"crop_to_patches":true}""", "'crop_to_patches: true'")]
    [InlineData("internvl", """{"rescale_factor":0.5}""", "'rescale_factor: 0.5'")]
    [InlineData("internvl-hf", """{"do_pad":true}""", "'do_pad: true'")]
    [InlineData("internvl-hf", """{"do_center_crop":true}""", "'do_center_crop: true'")]
    [InlineData("internvl-hf", """{"image_processor_type":"CLIPImageProcessor"}""", "CLIPImageProcessor")]
    [InlineData("internvl-hf", """{"min_patches":4,"max_patches":2}""", "'min_patches: 4, max_patches: 2'")]
    [InlineData("internvl-hf", """{"min_num":1}""", "'min_num: 1'")]
    [InlineData("qwen2_vl", """{"do_pad":true}""", "'do_pad: true'")]
    [InlineData("qwen2_vl", """{"do_center_crop":true}""", "'do_center_crop: true'")]
    [InlineData("qwen2_vl", """{"window_size":112}""", "'window_size: 112'")]
    [InlineData("llava_onevision", """{"crop_size":384}""", "'crop_size: 384'")]
    [InlineData("llava_onevision", """{"image_processor_type":"LlavaNextImageProcessor"}""", "LlavaNextImageProcessor")]
    [InlineData("llava_onevision", """{"size":384,"image_grid_pinpoints":[[336,672]]}""", "multiples of 384")]
    [InlineData("gemma3", """{"do_pan_and_scan":true}""", "'do_pan_and_scan: true'")]
    [InlineData("gemma3", """{"image_processor_type":"SiglipImageProcessor"}""", "SiglipImageProcessor")]
    [InlineData("gemma3", """{"size":{"shortest_edge":896}}""", "'size: {\"shortest_edge\":896}'")]
    [InlineData("gemma3", """{"do_center_crop":true}""", "'do_center_crop: true'")]
    [InlineData("qwen2_5_vl", """{"do_center_crop":true}""", "'do_center_crop: true'*Qwen2.5-VL")]
    [InlineData("qwen3_vl", """{"do_sample_frames":true}""", "'do_sample_frames: true'*Qwen3-VL")]
    [InlineData(
        "qwen3_vl",
        """{"image_processor_type":"Qwen3VLVideoProcessor"}""",
        "'image_processor_type: Qwen3VLVideoProcessor'*Qwen3-VL has Qwen2VLImageProcessor"
    )]
    public void A_key_that_is_not_obeyed_is_refused_by_its_name(string family, string json, string named) =>
        FluentActions
            .Invoking(() => Processor(family, json))
            .Should()
            .Throw<InputException>()
            .WithMessage($"folder/preprocessor_config.json: has*{named}*");

    [Theory]
    [InlineData("""{"image_mean":0.5}""", "'image_mean: 0.5'", "a list of numbers")]
    [InlineData("""{"image_std":[0.5,"x",0.5]}""", "'image_std: ", "a list of numbers")]
    [InlineData("""{"do_resize":"yes"}""", "'do_resize: \"yes\"'", "true or false")]
    [InlineData("""{"do_pad":1}""", "'do_pad: 1'", "true or false")]
    [InlineData("""{"resample":2.5}""", "'resample: 2.5'", "a whole number")]
    [InlineData("""{"resample":9e12}""", "'resample: 9e12'", "a whole number")]
    [InlineData("""{"rescale_factor":"1/255"}""", "'rescale_factor: \"1/255\"'", "a number")]
    [InlineData("""{"max_pixels":"many"}""", "'max_pixels: \"many\"'", "a whole number")]
    [InlineData("""{"image_processor_type":3}""", "'image_processor_type: 3'", "a text")]
    [InlineData("""{"image_grid_pinpoints":{"a":1}}""", "'image_grid_pinpoints: ", "a list of pairs")]
    [InlineData("""{"image_grid_pinpoints":[336,672]}""", "'image_grid_pinpoints: [336,672]'", "a list of pairs")]
    [InlineData("[]", "no object", "image processor")]
    [InlineData("{", "is damaged", "line 1")]
    public void A_field_of_another_kind_is_named_with_what_would_be_right(string json, string found, string right) =>
        FluentActions
            .Invoking(() => Config(json))
            .Should()
            .Throw<InputException>()
            .WithMessage($"folder/preprocessor_config.json*{found}*{right}*")
            .Which.Message.Should()
            .NotContain("System.")
            .And.NotContain("BytePosition");

    [Theory]
    [InlineData("llava", """{"size":{"shortest_edge":48,"height":96,"width":96}}""", "'size: ")]
    [InlineData("llava", """{"size":{"shortest_edge":336,"longest_edge":672}}""", "'size: ")]
    [InlineData("llava", """{"size":336,"crop_size":{"height":336,"width":336,"shortest_edge":336}}""", "'crop_size: ")]
    [InlineData("llava", """{"size":{"height":96}}""", "'size: ")]
    [InlineData("llava", """{"size":{}}""", "'size: ")]
    [InlineData("llava_next", """{"size":{"shortest_edge":336,"height":336,"width":336}}""", "'size: ")]
    [InlineData("qwen2_vl", """{"size":{"height":448,"width":448}}""", "'size: ")]
    [InlineData("qwen2_vl", """{"size":{"shortest_edge":3136,"max_pixels":99999}}""", "'size: ")]
    [InlineData("qwen2_vl", """{"size":448}""", "'size: 448'")]
    [InlineData("qwen3_vl", """{"size":{"longest_edge":16777216,"height":448}}""", "'size: ")]
    public void A_size_that_is_given_in_two_ways_or_in_none_is_refused(string family, string json, string named) =>
        FluentActions
            .Invoking(() => Processor(family, json))
            .Should()
            .Throw<InputException>()
            .WithMessage($"folder/preprocessor_config.json: has {named}*which is not*");

    [Theory]
    [InlineData(
        "llava",
        """
            {"do_pad":false,"pad_size":null,"unheard_of":null,"do_convert_rgb":false,"resample":3.0,
             "processor_class":"LlavaProcessor"}
            """
    )]
    [InlineData(
        "llava",
        """
            {"do_pad":true,"image_processor_type":"LlavaImageProcessorFast","size":{"shortest_edge":336.0},
             "crop_size":{"height":336,"width":336}}
            """
    )]
    [InlineData("llava", """{"size":{"height":336,"width":336},"do_center_crop":false}""")]
    [InlineData(
        "llava_next",
        """
            {"do_pad":true,"aspect_ratio_setting":"anyres","do_center_crop":true,"image_grid_pinpoints":[[336,672.0]],
             "image_processor_type":"LlavaNextImageProcessorFast"}
            """
    )]
    [InlineData(
        "internvl",
        """
            {"size":448,"crop_size":448,"do_center_crop":true,"resample":3,
             "feature_extractor_type":"CLIPFeatureExtractor"}
            """
    )]
    [InlineData(
        "qwen2_vl",
        """
            {"min_pixels":3136.0,"max_pixels":1e6,"vision_token_id":151654,"do_pad":null,
             "data_format":"channels_first","disable_grouping":null}
            """
    )]
    [InlineData(
        "llava_onevision",
        """
            {"do_pad":true,"size":{"height":384,"width":384},"crop_size":null,
             "image_processor_type":"LlavaOnevisionImageProcessorFast"}
            """
    )]
    [InlineData(
        "gemma3",
        """
            {"do_pan_and_scan":false,"pan_and_scan_max_num_crops":4,"pan_and_scan_min_crop_size":256,
             "pan_and_scan_min_ratio_to_activate":1.2,"image_seq_length":256,
             "image_processor_type":"Gemma3ImageProcessorFast"}
            """
    )]
    public void A_key_that_changes_nothing_is_passed_over(string family, string json) =>
        FluentActions.Invoking(() => Processor(family, json)).Should().NotThrow();

    [Theory]
    [InlineData("LlavaImageProcessor", true, "Pad")]
    [InlineData("LlavaImageProcessorFast", true, "Pad")]
    [InlineData("LlavaImageProcessor", false, "Crop")]
    [InlineData("CLIPImageProcessor", false, "Crop")]
    public void The_folder_decides_whether_pictures_are_padded(string type, bool pads, string fit) =>
        LlavaSettings
            .PublishedFit(Config($$"""{"image_processor_type":"{{type}}","do_pad":{{(pads ? "true" : "false")}}}"""))
            .ToString()
            .Should()
            .Be(fit);

    [Fact]
    public void A_size_of_height_and_width_squashes_as_the_hub_does()
    {
        var processor = new ClipProcessor(Config("""{"size":{"height":30,"width":30},"crop_size":20}"""));
        var picture = Pictures.Random(new Random(3), 50, 20);

        processor.Geometry(50, 20).Should().Be(new ClipGeometry(30, 30, 5, 5));
        processor.Fitted(picture).Rgb.Should().Equal(PilResize.Resize(picture, 30, 30).Crop(5, 5, 20, 20).Rgb);
    }

    /// <summary>What a file omits is the class's, which was made for Qwen2-VL's patches of 14.</summary>
    [Theory]
    [InlineData("{}", 1000, 500, 1008, 504)]
    [InlineData("""{"min_pixels":null,"max_pixels":null}""", 1000, 500, 1008, 504)]
    [InlineData("""{"min_pixels":null,"max_pixels":null}""", 2000, 1000, 1400, 700)]
    [InlineData("""{"size":{"shortest_edge":3136,"longest_edge":200704}}""", 2000, 1000, 616, 308)]
    [InlineData("""{"size":{"min_pixels":3136,"max_pixels":200704}}""", 2000, 1000, 616, 308)]
    [InlineData("""{"min_pixels":3136,"max_pixels":200704,"size":null}""", 2000, 1000, 616, 308)]
    [InlineData(
        """
            {"max_pixels":null,"min_pixels":null,"size":{"shortest_edge":65536,"longest_edge":16777216},
             "patch_size":16}
            """,
        224,
        224,
        256,
        256
    )]
    [InlineData("""{"size":{"shortest_edge":65536,"longest_edge":16777216},"patch_size":16}""", 640, 480, 640, 480)]
    [InlineData("""{"size":{"shortest_edge":65536,"longest_edge":16777216},"patch_size":16}""", 336, 336, 320, 320)]
    public void Areas_of_Qwen_are_read_in_every_form(string json, int width, int height, int toWidth, int toHeight)
    {
        var size = new QwenProcessor(Config(json), Known.Qwen3Vl.ImageProcessor).Geometry(width, height);
        (size.Width, size.Height).Should().Be((toWidth, toHeight));
    }

    [Fact]
    public void What_Gemmas_file_omits_is_its_classes_default()
    {
        var picture = Pictures.Random(new Random(3), 50, 20);
        var processor = new Gemma3Processor(Config("{}"));

        processor
            .Squashed(picture)
            .Rgb.Should()
            .Equal(PilResize.Resize(picture, 224, 224, ResizeFilter.Bilinear).Rgb, "bilinear, 224");
        processor
            .Process(new Picture(1, 1, [0, 255, 51]))
            .Values.Chunk(224 * 224)
            .Select(c => c[0])
            .Should()
            .Equal(-1, 1, -0.6f);
    }

    [Fact]
    public void What_OneVisions_file_omits_is_its_classes_default()
    {
        AnyresProcessor processor = LlavaOnevisionSettings.Processor(Config("{}"));
        processor.Side.Should().Be(384);
        processor
            .Process(new Picture(1, 1, [0, 0, 0]))
            .Values[0]
            .Should()
            .BeApproximately(-1.7922626f, 1e-6f, "CLIP's mean");
        AnyresGeometry wide = processor.Geometry(2304, 384);
        (wide.TileColumns, wide.TileRows).Should().Be((6, 1));
    }

    [Fact]
    public void Merge_order_visits_each_patch_once_and_neighbours_together()
    {
        var size = new QwenProcessor(Config("{}"), Known.Qwen2Vl.ImageProcessor).Geometry(140, 84);
        var order = size.MergeOrder().ToList();
        order.Should().OnlyHaveUniqueItems().And.HaveCount(size.GridColumns * size.GridRows);
        order
            .Chunk(4)
            .Select(c => c.Select(p => (p.Row / 2, p.Column / 2)).Distinct().Count())
            .Should()
            .OnlyContain(n => n == 1);
    }

    private static object Processor(string family, string json) =>
        family switch
        {
            "llava" => new ClipProcessor(Config(json)),
            "llava_next" => LlavaNextSettings.Processor(Config(json)),
            "llava_onevision" => LlavaOnevisionSettings.Processor(Config(json)),
            "gemma3" => new Gemma3Processor(Config(json)),
            "internvl" => Demanded(InternVlSettings.Keys, Config(json)),
            "internvl-hf" => Demanded(InternVlHfSettings.Keys, Config(json)),
            _ => new QwenProcessor(Config(json), KnownFamilies.OfType(family)!.ImageProcessor),
        };

    [Theory]
    [InlineData("""{"max_patches":0}""", "'max_patches: 0'")]
    [InlineData("""{"max_patches":5000}""", "'max_patches: 5000'")]
    [InlineData("""{"max_patches":"all"}""", "'max_patches: \"all\"'")]
    [InlineData("""{"size":{"shortest_edge":448}}""", "'size: {\"shortest_edge\":448}'")]
    [InlineData("""{"size":{"height":448,"width":224}}""", "'size: {\"height\":448,\"width\":224}'")]
    public void Tiles_of_InternVl_s_hf_layout_that_make_no_sense_are_refused_by_the_file_s_name(
        string json,
        string named
    ) =>
        FluentActions
            .Invoking(() =>
            {
                PreprocessorConfig config = Demanded(InternVlHfSettings.Keys, Config(json));
                return InternVlHfSettings.Side(config);
            })
            .Should()
            .Throw<InputException>()
            .WithMessage($"folder/preprocessor_config.json*{named}*");

    /// <summary>
    /// GotOcr2ImageProcessor has no tiles by default; InternVLProcessor asks it for them, whatever its file says.
    /// </summary>
    [Theory]
    [InlineData("{}", 384, 1, 12)]
    [InlineData("""{"crop_to_patches":false,"size":{"height":448,"width":448}}""", 448, 1, 12)]
    [InlineData("""{"crop_to_patches":true,"do_center_crop":false,"size":448}""", 448, 1, 12)]
    [InlineData("""{"crop_to_patches":null,"min_patches":2,"max_patches":6}""", 384, 2, 6)]
    public void Tiles_of_InternVl_s_hf_layout_are_the_file_s_or_the_class_s(string json, int side, int least, int most)
    {
        PreprocessorConfig config = Demanded(InternVlHfSettings.Keys, Config(json));
        (InternVlHfSettings.Side(config), InternVlHfSettings.LeastTiles(config), InternVlHfSettings.MostTiles(config))
            .Should()
            .Be((side, least, most));
    }

    private static PreprocessorConfig Demanded(ImageProcessorKeys keys, PreprocessorConfig config)
    {
        keys.Demand(config);
        return config;
    }

    private static PreprocessorConfig Config(string json) =>
        PreprocessorConfig.Parse(Encoding.UTF8.GetBytes(json), "folder/preprocessor_config.json");
}
