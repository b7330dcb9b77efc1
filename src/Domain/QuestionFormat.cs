namespace Pipelines.Domain;

/// <summary>How a file of questions is laid out.</summary>
public enum QuestionFormat
{
    /// <summary>By what the file holds.</summary>
    Auto,

    /// <summary>POPE: one JSON object a line, whatever the file's name says.</summary>
    Pope,

    /// <summary>VQAv2: a file of questions and one of annotations.</summary>
    Vqav2,

    /// <summary>GQA: an object by question id, or the CSV with two options.</summary>
    Gqa,

    /// <summary>TextVQA.</summary>
    Textvqa,

    /// <summary>WhatsUp: captions of which the first is right.</summary>
    Whatsup,

    /// <summary>VLMEvalKit: TSV with pictures inside.</summary>
    Vlmevalkit,

    /// <summary>Visual-Counterfact: Parquet with two pictures a row.</summary>
    VisualCounterfact,

    /// <summary>Anything else: the spec names the columns.</summary>
    Columns,
}
