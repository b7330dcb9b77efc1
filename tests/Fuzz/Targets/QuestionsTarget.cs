using System.Text;
using Pipelines.Domain;
using Pipelines.Fuzz.Mutators;
using Pipelines.Stages.Data.Questions;

namespace Pipelines.Fuzz.Targets;

/// <summary>A file of questions, and the pictures inside it.</summary>
/// <param name="format">The file's format.</param>
/// <param name="file">Its name.</param>
/// <param name="seeds">Sound files as text; null = the one in the corpus.</param>
/// <param name="mutators">What damages it.</param>
internal sealed class QuestionsTarget(string format, string file, string[]? seeds, params Mutator[] mutators)
    : FileTarget($"questions-{format}", format, file, mutators)
{
    private const int BytesOfRow = 1000;

    /// <summary>Every kind of file.</summary>
    public static IReadOnlyList<Target> All { get; } =
    [
        new QuestionsTarget(
            "jsonl",
            "questions.jsonl",
            [
                """
                {"question_id": 0, "image": "a.png", "text": "Is there a \u00e9?", "label": "yes", "category": "x,y"}
                {"question_id": 1, "image": "b.png", "text": "Is there a cat?", "label": "no."}

                """,
                """
                {"id": "x", "prompt": "What is it?", "image_path": "./a.png", "label": 3}
                {"id": 7, "prompt": "What is it?", "image_path": ["b.png"], "label": ["a", "b"]}
                """,
            ],
            new JsonLinesMutator()
        ),
        new QuestionsTarget(
            "json",
            "v2_questions.json",
            [
                """
                {"info": {"year": 2017}, "data_subtype": "val2014", "questions": [
                  {"image_id": 1, "question": "What color?", "question_id": 1000},
                  {"image_id": 2, "question": "How many?", "question_id": 1001}]}
                """,
                """
                {"07": {"imageId": "a", "question": "What?", "answer": "pipe",
                        "types": {"semantic": "cat", "structural": null}},
                 "08": {"imageId": "b", "question": "Who?", "answer": "she", "types": {}}}
                """,
                """
                {"data": [{"image_id": "a", "question": "What?", "flickr_original_url": "", "answers": ["x", "y"]}]}
                """,
                """[{"image_path": "a.png", "caption_options": ["one", "two", "three"]}]""",
                """[[1, "a left of b", "a right of b"]]""",
            ],
            new JsonMutator()
        ),
        new QuestionsTarget(
            "csv",
            "questions.csv",
            ["id,image,question,answer,group\n1,a.png,\"What, \"\"then\"\"\n?\",x,\"p,q\"\n2,b.png,Who?,3,\n"],
            new CsvMutator()
        ),
        new QuestionsTarget(
            "tsv",
            "questions.tsv",
            [
                $"index\timage\tquestion\thint\tA\tB\tanswer\n0\t{Picture}\tWhat?\tLook.\tNone\ty\tB\n"
                    + "1\t0\tWho?\t\tx\ty\t1\n"
                    + $"2\t['{Picture}']\tWhat?\t\t\t\t['a', \"b\"]\n",
            ],
            new LinesMutator([
                "\t",
                "\"",
                "\"\"",
                "\n",
                "\r\n",
                "index",
                "['",
                "']",
                "\0",
                "\uFEFF",
                "99999999999",
                "\\",
            ])
        ),
        new QuestionsTarget("parquet", "color.parquet", seeds: null, new ParquetMutator()),
    ];

    private static string Picture => Convert.ToBase64String(Encoding.ASCII.GetBytes(new string('p', 4000)));

    public override int Fixed => 300;

    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        seeds is null
            ? [File.ReadAllBytes(Path.Combine(Scratch.Repository, "tests", "Fuzz", "Corpus", "parquet", FileName))]
            : [.. seeds.Select(Encoding.UTF8.GetBytes)];

    protected override void Lay(string into)
    {
        foreach (
            string name in (string[])["a.png", "b.png", "1.png", "1.jpg", "a.jpg", "COCO_val2014_000000000001.jpg"]
        )
        {
            File.WriteAllBytes(Path.Combine(into, name), []);
        }
    }

    protected override long? ReadFile(string path)
    {
        var set = QuestionReader.Read(new QuestionSource { Files = [path], Letters = LetterBase.From0 });
        foreach (var row in set.Rows.Where(r => r.Location is EmbeddedPicture))
        {
            row.Location.Read();
        }

        return BytesOfRow * (long)(set.Rows.Count + set.LeftOut.Count);
    }
}
